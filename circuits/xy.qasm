// XX + YY exchange: an excitation hops from one wire to the other, their number is conserved.
//
//   U = exp(-i theta_0/2 (X X + Y Y)),  |10> -> cos(theta_0) |10> - i sin(theta_0) |01>
//
// At theta_0 = pi/2 the excitation has changed places.
// Source: the XY model of Lieb, Schultz and Mattis (1961); the hopping of PHYSICS.md A3b between two sites.
// Parameters: theta_0, coupling times time.
// Wires: 2.
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
qubit[2] q;
rxx(theta_0) q[0], q[1];
ryy(theta_0) q[0], q[1];
