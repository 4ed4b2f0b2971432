"""The calls that Segment made common (identify, track, page, screen, group, alias), for every dialect that has them."""
