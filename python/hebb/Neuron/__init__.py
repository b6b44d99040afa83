"""SPAIC's folder of neurons and nodes."""
from ..coding import Action, Decoder, Encoder, Generator, Reward
from ..neuron import NeuronGroup
from . import Actions, Decoders, Encoders, Generators, Rewards
