// Transverse-field Ising step: the neighbours' interaction, then the field on both wires.
//
//   U = exp(-i theta_1/2 (X_0 + X_1)) exp(-i theta_0/2 Z_0 Z_1)
//
// one first-order Trotter step of H = J Z Z + h (X + X) with theta_0 = 2 J dt and theta_1 = 2 h dt.
// Source: the transverse-field Ising model, Pfeuty (1970).
// Parameters: theta_0, the interaction; theta_1, the field.
// Wires: 2.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
gate rzz(theta) a, b {
  cx a, b;
  rz(theta) b;
  cx a, b;
}
qubit[2] q;
rzz(theta_0) q[0], q[1];
rx(theta_1) q;
