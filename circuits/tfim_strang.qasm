// Transverse-field Ising chain, one second-order Trotter step: half the field, all couplings, half the field.
//
//   U = exp(-i theta_1/4 sum_i X_i) exp(-i theta_0/2 sum_i Z_i Z_{i+1}) exp(-i theta_1/4 sum_i X_i)
// Source: the transverse-field Ising model, Pfeuty (1970); Trotter (1959), Strang (1968).
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
rx(theta_1/2) q;
rzz(theta_0) q[0], q[1];
rzz(theta_0) q[1], q[2];
rzz(theta_0) q[2], q[3];
rx(theta_1/2) q;
