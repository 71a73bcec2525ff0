"""What the environment `ml` runs: the encoder, and the pins of what it imports.

It has PyTorch, which is too large for everybody (docs/decisions/0013). `encoder.py` imports
nothing of ours; we import of it what its model is called, and talk to it through pipes.
"""
