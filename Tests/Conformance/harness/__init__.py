"""What the conformance tests stand on: the server process, three ways to talk to it, waiting, and values."""

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
HOME = REGIONS[0]
