"""Ways to reach a person: one file each, behind one port."""
