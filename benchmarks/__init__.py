"""Side-by-side measurements that print ratios. Nothing here is asserted on a wall clock."""
