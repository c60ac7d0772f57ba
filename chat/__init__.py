"""`rolekey chat`: a member's key in a terminal. A client of the gateway like any other."""
