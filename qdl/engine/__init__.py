"""How a step is done: values to angles, angles to block matrices, matrices on states."""
