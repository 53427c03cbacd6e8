// Heisenberg interaction of two spins with three couplings (XYZ model); the three terms commute, so it is exact.
//
//   U = exp(-i/2 (theta_0 X X + theta_1 Y Y + theta_2 Z Z))
//
// Equal angles give the isotropic model, which commutes with every common rotation of both spins.
// Source: Heisenberg (1928); as a gate also the canonical form of a two-wire unitary.
// Parameters: theta_0, theta_1, theta_2, the couplings along x, y, z times twice the time.
// Wires: 2.
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
qubit[2] q;
rxx(theta_0) q[0], q[1];
ryy(theta_1) q[0], q[1];
rzz(theta_2) q[0], q[1];
