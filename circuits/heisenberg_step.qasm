// Heisenberg chain (XYZ), one first-order Trotter step: the even bonds, then the odd one.
//
// The terms of a bond commute, so that each bond is exact; equal angles conserve the total spin.
// Source: Heisenberg (1928); Trotter (1959).
// Parameters: theta_0, theta_1, theta_2, the couplings along x, y, z times twice the time.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
gate rxx(theta) a, b {
  h a;
  h b;
  cx a, b;
  rz(theta) b;
  cx a, b;
  h a;
  h b;
}
gate ryy(theta) a, b {
  sdg a;
  h a;
  sdg b;
  h b;
  cx a, b;
  rz(theta) b;
  cx a, b;
  h a;
  s a;
  h b;
  s b;
}
gate rzz(theta) a, b {
  cx a, b;
  rz(theta) b;
  cx a, b;
}
qubit[4] q;
rxx(theta_0) q[0], q[1];
ryy(theta_1) q[0], q[1];
rzz(theta_2) q[0], q[1];
rxx(theta_0) q[2], q[3];
ryy(theta_1) q[2], q[3];
rzz(theta_2) q[2], q[3];
rxx(theta_0) q[1], q[2];
ryy(theta_1) q[1], q[2];
rzz(theta_2) q[1], q[2];
