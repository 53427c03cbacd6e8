// XXZ chain, one first-order Trotter step: the even bonds, then the odd one; excitations hop and meet.
//
// The number of excitations is conserved.
// Source: Orbach (1958); Trotter (1959).
// Parameters: theta_0, the hopping; theta_1, the anisotropy; both times twice the time.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
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
ryy(theta_0) q[0], q[1];
rzz(theta_1) q[0], q[1];
rxx(theta_0) q[2], q[3];
ryy(theta_0) q[2], q[3];
rzz(theta_1) q[2], q[3];
rxx(theta_0) q[1], q[2];
ryy(theta_0) q[1], q[2];
rzz(theta_1) q[1], q[2];
