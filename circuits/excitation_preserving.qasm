// Excitation-preserving layer: phases, hops along a line, phases; the number of excitations stays.
// Source: Qiskit's excitation_preserving(4, entanglement="linear", reps=1); Barkoutsos et al., arXiv:1805.04340.
// Parameters: theta_0 ... theta_10, in the order of the gates.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
input float[64] theta_4;
input float[64] theta_5;
input float[64] theta_6;
input float[64] theta_7;
input float[64] theta_8;
input float[64] theta_9;
input float[64] theta_10;
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
rz(theta_0) q[0];
rz(theta_1) q[1];
rz(theta_2) q[2];
rz(theta_3) q[3];
rxx(theta_4) q[0], q[1];
ryy(theta_4) q[0], q[1];
rxx(theta_5) q[1], q[2];
ryy(theta_5) q[1], q[2];
rxx(theta_6) q[2], q[3];
ryy(theta_6) q[2], q[3];
rz(theta_7) q[0];
rz(theta_8) q[1];
rz(theta_9) q[2];
rz(theta_10) q[3];
