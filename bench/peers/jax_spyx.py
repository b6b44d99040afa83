"""W1 and W2 in spyx: JAX compiles encoding, time loop, backward pass and Adam into one step. Its
LIF reads the potential before this step's input and subtracts the threshold after a spike, so that
its losses are not hebb's. Prints rows of JSON."""
import argparse
import importlib.metadata
import os

import numpy as np

from common import Clock, Work, repeat


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=["spyx"])
    parser.add_argument("dump")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--repeats", type=int, default=200)
    o = parser.parse_args()
    if o.threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # XLA keeps no thread count
    import jax
    import jax.numpy as jnp
    import optax
    from flax import nnx
    import spyx.nn as snn
    from spyx import axn
    work = Work(o.dump)
    rngs = nnx.Rngs(0)
    window = axn.custom(bwd=lambda x: (jnp.abs(x) < 0.5).astype(x.dtype))
    lifs = [snn.LIF((n,), beta=0.9, threshold=1.0, activation=window, rngs=rngs)
            for n in work.sizes[1:]]
    weights = [jnp.asarray(w.T) for w in work.layers()]
    optim = optax.adam(1e-9)

    def outputs(weights, x):
        for w, lif in zip(weights, lifs):  # each Linear over all steps, then the neurons
            x, _ = snn.run(lif, x @ w)
        return x.sum(0)

    def loss_of(weights, x, labels):
        out = outputs(weights, x)
        return optax.softmax_cross_entropy_with_integer_labels(out, labels).mean(), out

    @jax.jit
    def step(weights, state, image, labels, key):
        x = jax.random.bernoulli(key, image, (work.steps,) + image.shape).astype(jnp.float32)
        (loss, out), grad = jax.value_and_grad(loss_of, has_aux=True)(weights, x, labels)
        change, state = optim.update(grad, state)
        return optax.apply_updates(weights, change), state, loss, out.mean() / work.steps

    state, labels, key = optim.init(weights), jnp.asarray(work.labels[:work.batch]), jax.random.key(1)
    clock, count = Clock(), 0
    seen = []

    def once():
        nonlocal weights, state, key, count
        key, now = jax.random.split(key)
        image = jnp.asarray(work.images[count % len(work.images)])
        count += 1

        def whole():
            result = step(weights, state, image, labels, now)
            jax.block_until_ready(result)
            return result
        weights, state, loss, rate = clock.timed("total", whole)
        seen.append((float(loss), float(rate)))
    once()
    clock.wall, clock.cpu = {}, {}
    repeat(o.seconds, o.repeats, once)
    version = "spyx %s, jax %s" % (importlib.metadata.version("spyx"), jax.__version__)
    clock.rows(work.workload, "spyx", version, o.threads,
               check="another LIF (fires by the last potential, subtracts the threshold): loss %.4g, "
               "hebb %.4g" % (seen[0][0], work.loss), output_rate=float(np.mean([r for _, r in seen])))


if __name__ == "__main__":
    main()
