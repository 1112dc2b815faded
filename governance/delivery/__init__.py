"""What we let go: releases and the evidence for them."""
