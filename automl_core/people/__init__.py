"""Who works here, what they may do, how much of the machine they may take, and what they did."""
