// Pauli feature map of Z and YY: superposition, a phase per input, then one per pair in the basis of Y, twice over.
// Source: Havlicek et al., arXiv:1804.11326, in the form of Qiskit's pauli_feature_map(4, reps=2, paulis=["Z", "YY"]).
// Inputs: x_0 ... x_3, x_i on wire i, in [0, 2 pi).
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] x_0;
input float[64] x_1;
input float[64] x_2;
input float[64] x_3;
// The phase phi where the two wires differ in the basis of Y.
gate parity_phase_y(phi) a, b {
  rx(pi/2) a;
  rx(pi/2) b;
  cx a, b;
  p(phi) b;
  cx a, b;
  rx(-pi/2) a;
  rx(-pi/2) b;
}
qubit[4] q;
h q[0];
h q[1];
h q[2];
h q[3];
p(2*x_0) q[0];
p(2*x_1) q[1];
p(2*x_2) q[2];
p(2*x_3) q[3];
parity_phase_y(2*(pi - x_0)*(pi - x_1)) q[0], q[1];
parity_phase_y(2*(pi - x_0)*(pi - x_2)) q[0], q[2];
parity_phase_y(2*(pi - x_0)*(pi - x_3)) q[0], q[3];
parity_phase_y(2*(pi - x_1)*(pi - x_2)) q[1], q[2];
parity_phase_y(2*(pi - x_1)*(pi - x_3)) q[1], q[3];
parity_phase_y(2*(pi - x_2)*(pi - x_3)) q[2], q[3];
h q[0];
h q[1];
h q[2];
h q[3];
p(2*x_0) q[0];
p(2*x_1) q[1];
p(2*x_2) q[2];
p(2*x_3) q[3];
parity_phase_y(2*(pi - x_0)*(pi - x_1)) q[0], q[1];
parity_phase_y(2*(pi - x_0)*(pi - x_2)) q[0], q[2];
parity_phase_y(2*(pi - x_0)*(pi - x_3)) q[0], q[3];
parity_phase_y(2*(pi - x_1)*(pi - x_2)) q[1], q[2];
parity_phase_y(2*(pi - x_1)*(pi - x_3)) q[1], q[3];
parity_phase_y(2*(pi - x_2)*(pi - x_3)) q[2], q[3];
