"""How fast each part of the suite is on this machine, and how near to what it should reach."""
