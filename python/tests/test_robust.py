"""Bad input is an exception with a sentence; nothing from Python ends the process."""
import gc
import os
import subprocess
import sys
import threading
import unittest

import numpy as np

import hebb

EXPECTED = (ValueError, TypeError, hebb.Error)


class Odd:
    """An object that is nothing."""


def odd_values():
    """What no function wants."""
    strided = np.ones((8, 8))[::2, ::3]
    return [None, True, -1, 0, 10 ** 30, 1.5, float("nan"), float("inf"), "", "x", "a\0b", b"x",
            "\udc80", [], (), {}, [[1, 2], [3]], ["a"], [None], Odd(), Odd, np.zeros(0),
            np.zeros((0, 4)), np.zeros((2, 0)), np.full((2, 4), np.nan), strided, strided.T,
            np.ones((2, 4), complex), np.ones((2, 4), bool), np.array(["a"]),
            np.array([object()]), np.float32(2), np.int64(-3), np.ones((1, 2, 3, 4, 5)),
            range(3), slice(3), lambda x: x, hebb.NeuronGroup(2), hebb.uniform()]


def network():
    net = hebb.Network(dt=1.0, threads=2)
    net.input = hebb.Encoder(num=4, coding_method='poisson')
    net.layer1 = hebb.NeuronGroup(3, model='lif', v_th=0.5)
    net.connection1 = hebb.Connection(net.input, net.layer1, weight=0.4)
    net.output = hebb.Decoder(num=3, dec_target=net.layer1)
    net.reward = hebb.Reward(num=3, dec_target=net.layer1)
    net.learner = hebb.Learner(trainable=net, algorithm='STCA')
    net.learner.set_optimizer('Adam', 0.01)
    net.mon = hebb.StateMonitor(net.layer1, 'V')
    net.spk = hebb.SpikeMonitor(net.layer1)
    net.reward([0, 1])
    net.input(np.ones((2, 4)))
    return net


def calls(net):
    """Every function that takes a value, with room for one."""
    made = [net.input, net.reward, net.output, net.run, net.run_continue, net.set_backend,
            net.set_backend_dt, net.set_random_seed, net.get_parameter, net.get_gradient,
            lambda x: net.set_parameter("connection1.weight", x), net.constant,
            net.state_from_dict, lambda x: net.state_from_dict({"connection1.weight": x}),
            lambda x: net.presentation(x, [0, 1]), lambda x: net.presentation(1, x),
            lambda x: net.learner.set_optimizer(x, 0.1),
            lambda x: net.learner.set_optimizer('Adam', x),
            lambda x: net.learner.set_optimizer('Adam', 0.1, eps=x),
            net.learner.set_schedule, lambda x: net.learner.set_schedule('StepLR', x),
            net.learner.optim_step, net.learner.optim_schedule, net.learner.teach,
            net.learner.set_loss, net.output.predict.backward if net._ran else net.run,
            lambda x: net.fit(x, time=5), lambda x: net.fit((np.ones((4, 4)), [0, 1, 2, 0]),
                                                          time=x),
            lambda x: net.fit((np.ones((4, 4)), [0, 1, 2, 0]), time=2, batch_size=x),
            lambda x: net.fit((np.ones((4, 4)), [0, 1, 2, 0]), time=2, epochs=x),
            lambda x: net.evaluate((np.ones((4, 4)), x), time=2),
            net.load_weights, net.add_assembly, net.select_assembly, net.del_assembly]
    made += [lambda x: hebb.NeuronGroup(x), lambda x: hebb.NeuronGroup(2, model=x),
             lambda x: hebb.NeuronGroup(shape=x), lambda x: hebb.Encoder(num=x),
             lambda x: hebb.Encoder(num=2, coding_method=x), lambda x: hebb.Generator(num=x),
             lambda x: hebb.Decoder(num=x, dec_target=net.layer1),
             lambda x: hebb.Decoder(num=3, dec_target=x), lambda x: hebb.Reward(dec_target=x),
             lambda x: hebb.Action(dec_target=x), lambda x: hebb.Connection(x, net.layer1),
             lambda x: hebb.Connection(net.input, net.layer1, link_type=x),
             lambda x: hebb.Projection(x, net.layer1), lambda x: hebb.Learner(trainable=x,
                                                                            algorithm='STCA'),
             lambda x: hebb.Learner(algorithm=x), lambda x: hebb.StateMonitor(x, 'V'),
             lambda x: hebb.StateMonitor(net.layer1, x), lambda x: hebb.SpikeMonitor(x),
             lambda x: hebb.Network(seed=x), lambda x: hebb.Network(threads=x),
             lambda x: hebb.Dataloader(x), lambda x: hebb.CustomDataset(x, [0, 1]),
             lambda x: hebb.CustomDataset(np.ones((2, 4)), x), lambda x: hebb.MNIST(x),
             lambda x: hebb.Strokes(limit=x) if x not in (True, 10 ** 30) else hebb.Strokes(x),
             lambda x: hebb.Strokes(limit=5, seed=x), hebb.info, hebb.parameters,
             hebb.Network.from_file, hebb.network_load, hebb.network_save,
             lambda x: hebb.functional.cross_entropy(x, [0, 1]),
             lambda x: hebb.functional.cross_entropy(np.ones((2, 3)), x),
             lambda x: hebb.functional.mse(np.ones((2, 3)), x),
             lambda x: hebb.functional.loss(x, np.ones((2, 3)), [0, 1]),
             lambda x: hebb.functional.cross_entropy(np.ones((2, 3)), [0, 1], eps=x)]
    return made


class BadInput(unittest.TestCase):
    def refused(self, call, value):
        try:
            call(value)
        except EXPECTED:
            pass
        except Exception as problem:  # any other kind is a slip of ours
            self.slips.append(f"{type(problem).__name__}: {str(problem)[:90]} for {_short(value)} in "
                              f"line {call.__code__.co_firstlineno if hasattr(call, '__code__') else call}")

    def setUp(self):
        self.slips = []

    def test_every_function(self):
        for ran in (False, True):
            count = len(calls(network()))
            for index in range(count):
                for value in odd_values():
                    net = network()
                    if ran:
                        net.run(3.0)
                    if _too_long(value) and index in (3, 4, 26, 27, 28, 29):
                        continue
                    self.refused(calls(net)[index], value)
        self.assertEqual(self.slips, [])

    def test_built_parts(self):
        """Parameters of every kind, refused at the latest by the build."""
        for value in odd_values():
            for make in (lambda x: hebb.NeuronGroup(3, tau_m=x),
                         lambda x: hebb.NeuronGroup(3, **{"nonsense": x}),
                         lambda x: hebb.Connection(hebb.Encoder(num=4), hebb.NeuronGroup(3),
                                                   weight=x)):
                def build(x):
                    net = hebb.Network(dt=1.0, threads=1)
                    part = make(x)
                    if isinstance(part, hebb.Connection):
                        net.pre, net.post = part.pre, part.post
                    net.part = part
                    net.build()

                self.refused(build, value)
        self.assertEqual(self.slips, [])

    def test_sentences(self):
        net = network()
        for call, words in ((lambda: net.input(np.full((2, 4), np.nan)) or net.run(3.0), "finite"),
                            (lambda: net.input(np.ones((2, 5))) or net.run(3.0), "4 neurons"),
                            (lambda: hebb.NeuronGroup(3, model='liff'), "did you mean"),
                            (lambda: hebb.Learner(algorithm='STCB'), "did you mean"),
                            (lambda: net.get_parameter("connection1.wieght"), "did you mean"),
                            (lambda: net.input("x"), "numbers"),
                            (lambda: net.connection1.set_value("weight", np.ones((2, 2))),
                             "shape")):
            with self.assertRaisesRegex(EXPECTED, words):
                call()

    def test_arrays_of_any_layout(self):
        want = None
        base = np.arange(8, dtype=np.float64).reshape(2, 4) / 8
        for data in (base, base.astype(np.float32), np.asfortranarray(base), base[:, ::-1][:, ::-1],
                     base.tolist(), np.repeat(base, 2, 1)[:, ::2], base.astype(">f8")):
            net = network()
            net.input(data)
            net.run(20.0)
            got = np.asarray(net.output.predict)
            want = got if want is None else want
            np.testing.assert_array_equal(got, want)


def _short(value):
    try:
        return f"{value!r:.50}"
    except Exception as problem:
        return type(problem).__name__


def _too_long(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 1e6


class Life(unittest.TestCase):
    def test_closed_networks(self):
        net = network()
        net.run(3.0)
        predict = net.output.predict
        loss = hebb.functional.cross_entropy(predict, [0, 1])
        net.close()
        for call in (lambda: net.run(3.0), loss.backward, net.learner.optim_step, net.parameters,
                     lambda: net.mon.values, lambda: net.spk.spk_times, lambda: net.reward.values,
                     lambda: net.connection1.weight, net.learner.optim_zero_grad, net.reset):
            try:
                call()
            except (hebb.Error, AttributeError):
                pass
        net.close()
        np.asarray(predict).sum()

    def test_what_outlives_its_network(self):
        net = network()
        net.run(3.0)
        kept = net.output.predict, net.layer1, net.learner, net.mon
        loss = hebb.functional.cross_entropy(kept[0], [0, 1])
        del net
        gc.collect()
        loss.backward()  # the parts keep it alive
        kept[2].optim_step()
        del kept, loss
        gc.collect()

    def test_many_threads_share_one_network(self):
        net, slips = network(), []
        net.run(3.0)

        def work(seed):
            random = np.random.RandomState(seed)
            for _round in range(30):
                try:
                    net.reward([0, 1])
                    net.input(random.rand(2, 4))
                    net.run(3.0)
                    loss = hebb.functional.cross_entropy(net.output.predict, [0, 1])
                    net.learner.optim_zero_grad()
                    loss.backward()
                    net.learner.optim_step()
                    net.mon.values, net.spk.spk_count
                except EXPECTED:  # another thread ran in between
                    pass
                except Exception as problem:
                    slips.append(problem)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(slips, [])
        self.assertTrue(np.isfinite(net.connection1.weight).all())

    def test_callbacks_that_raise(self):
        def broken(_x):
            raise ZeroDivisionError("mine")

        net = network()
        net.learner = hebb.Learner(trainable=net, algorithm='sbp', surrogate_func=broken)
        net.learner.set_optimizer('Adam', 0.01)
        with self.assertRaises((ZeroDivisionError,) + EXPECTED):
            net.run(3.0)
            hebb.functional.cross_entropy(net.output.predict, [0, 1]).backward()
            net.learner.optim_step()
        net = network()
        net.learner.set_schedule('LambdaLR', lr_lambda=broken)
        with self.assertRaises((ZeroDivisionError,) + EXPECTED):
            net.build()
            net.learner.optim_schedule()

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_a_forked_child_is_told(self):
        code = ("import os, numpy as np, hebb\n"
                "net = hebb.Network(dt=1.0, threads=2)\n"
                "net.a = hebb.Encoder(num=4)\nnet.b = hebb.NeuronGroup(3)\n"
                "net.c = hebb.Connection(net.a, net.b)\nnet.a(np.ones((1, 4)))\nnet.run(3.0)\n"
                "child = os.fork()\n"
                "if not child:\n"
                "    try:\n        net.run(3.0)\n        os._exit(1)\n"
                "    except hebb.StateError:\n        os._exit(0)\n"
                "raise SystemExit(os.waitpid(child, 0)[1] != 0)\n")
        self.assertEqual(subprocess.run([sys.executable, "-W", "ignore", "-c", code]).returncode, 0)


if __name__ == "__main__":
    unittest.main()
