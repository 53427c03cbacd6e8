// XY mixer: excitations hop around a ring, their number is conserved.
// Source: Hadfield et al., From the quantum approximate optimization algorithm to a quantum alternating operator
// ansatz, arXiv:1709.03489.
// Parameters: theta_0, the angle of every hop.
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
qubit[4] q;
rxx(theta_0) q[0], q[1];
ryy(theta_0) q[0], q[1];
rxx(theta_0) q[2], q[3];
ryy(theta_0) q[2], q[3];
rxx(theta_0) q[1], q[2];
ryy(theta_0) q[1], q[2];
rxx(theta_0) q[3], q[0];
ryy(theta_0) q[3], q[0];
