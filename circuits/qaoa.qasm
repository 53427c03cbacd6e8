// QAOA step for the largest cut of a ring: the cost's phase on every edge, then the mixer on every wire.
//
//   U = exp(-i theta_1/2 sum_i X_i) exp(-i theta_0/2 sum_i Z_i Z_{i+1})
// Source: Farhi, Goldstone and Gutmann, A quantum approximate optimization algorithm, arXiv:1411.4028.
// Parameters: theta_0 = -gamma, the phase; theta_1 = 2 beta, the mixer.
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
rzz(theta_0) q[3], q[0];
rx(theta_1) q;
