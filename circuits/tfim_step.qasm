// Transverse-field Ising chain, one first-order Trotter step: all couplings, then the field.
//
//   U = exp(-i theta_1/2 sum_i X_i) exp(-i theta_0/2 sum_i Z_i Z_{i+1}),  H = J sum Z Z + h sum X
// Source: the transverse-field Ising model, Pfeuty (1970); Trotter (1959).
// Parameters: theta_0 = 2 J dt, the couplings; theta_1 = 2 h dt, the field.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
gate rzz(theta) a, b {
  cx a, b;
  rz(theta) b;
  cx a, b;
}
qubit[4] q;
rzz(theta_0) q[0], q[1];
rzz(theta_0) q[1], q[2];
rzz(theta_0) q[2], q[3];
rx(theta_1) q;
