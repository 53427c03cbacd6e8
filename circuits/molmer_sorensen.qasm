// Global Molmer-Sorensen gate: every pair of wires turned about X X at once, as trapped ions do it.
//
//   U = exp(-i theta_0/2 sum_{i<j} X_i X_j); at pi/2 it makes |0000> a state of the kind of GHZ.
// Source: Molmer and Sorensen, arXiv:quant-ph/9810040.
// Parameters: theta_0, the angle of every pair.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
gate rxx(theta) a, b {
  h a;
  h b;
  cx a, b;
  rz(theta) b;
  cx a, b;
  h a;
  h b;
}
qubit[4] q;
rxx(theta_0) q[0], q[1];
rxx(theta_0) q[0], q[2];
rxx(theta_0) q[0], q[3];
rxx(theta_0) q[1], q[2];
rxx(theta_0) q[1], q[3];
rxx(theta_0) q[2], q[3];
