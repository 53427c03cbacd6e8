// Butterfly of real exchanges: n log(n)/2 of them; an orthogonal layer with fewer angles than the pyramid.
// Source: Cherrat et al., Quantum vision transformers, arXiv:2209.08167, written from memory.
// Parameters: theta_0 ... theta_3, in the order of the gates.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
// |10> to cos(theta) |10> + sin(theta) |01>.
gate rbs(theta) a, b {
  cx b, a;
  cry(2*theta) a, b;
  cx b, a;
}
qubit[4] q;
rbs(theta_0) q[0], q[2];
rbs(theta_1) q[1], q[3];
rbs(theta_2) q[0], q[1];
rbs(theta_3) q[2], q[3];
