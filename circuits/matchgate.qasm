// Any matchgate of two wires, up to a global phase: what free fermions do; even and odd states stay apart.
// Source: Jozsa and Miyake, Matchgates and classical simulation of quantum circuits, arXiv:0804.4050; this form is
// ours.
// Parameters: theta_0 ... theta_5, in the order of the gates.
// Wires: 2.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
input float[64] theta_4;
input float[64] theta_5;
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
qubit[2] q;
rz(theta_0) q[0];
rz(theta_1) q[1];
rxx(theta_2) q[0], q[1];
ryy(theta_3) q[0], q[1];
rz(theta_4) q[0];
rz(theta_5) q[1];
