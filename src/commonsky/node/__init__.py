"""One member's node. Read `commonsky.node.jobs` first: every job that a node does is a short function there."""
