// Fermionic simulation gate: a hop and a phase when both wires are excited.
//
//   |10> -> cos(theta_0) |10> - i sin(theta_0) |01>,  |11> -> e^{-i theta_1} |11>
// Source: Foxen et al., Demonstrating a continuous set of two-qubit gates, arXiv:2001.08343; Cirq's FSimGate.
// Parameters: theta_0, the hop; theta_1, the phase.
// Wires: 2.
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
qubit[2] q;
rxx(theta_0) q[0], q[1];
ryy(theta_0) q[0], q[1];
cp(-theta_1) q[0], q[1];
