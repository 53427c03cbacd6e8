// Detector coupling: an excited input qubit turns a detector qubit by the angle theta_0.
//
//   U = exp(-i theta_0/2 n_0 (x) Y_1),  n = (1 - Z)/2,  theta_0 = g w
//
// Coupled to one detector in RY(pi/2)|0>, inputs with excitation numbers n_i leave -<Z> = E sin(g sum_i w_i n_i): for
// small coupling g that is a convolution's weighted sum, times g. One such cell per input, all on the same detector,
// make up the interaction of QuantumConv2d.
// Source: PHYSICS.md A3a (ours), after the sentence of Lei, Chen and Zhao (arXiv:1805.08355) that a convolution
// measures how many quasi-particles the input excites through an interaction that is the kernel.
// Parameters: theta_0, coupling times weight.
// Wires: 0 the input, 1 the detector.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
qubit[2] q;
cry(theta_0) q[0], q[1];
