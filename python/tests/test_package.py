"""The package: building, assemblies, monitors, files, data, the same bits as the command."""
import copy
import json
import os
import pickle
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

import numpy as np

import hebb

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("HEBB_SOURCE") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("HEBB_BUILD") or os.path.join(SOURCE, "build", "release")


class Small(hebb.Network):
    """4 inputs, 3 neurons, gradient learning."""

    def __init__(self, **options):
        super().__init__(**dict(dict(dt=1.0), **options))
        self.input = hebb.Encoder(num=4, coding_method='null')
        self.layer1 = hebb.NeuronGroup(3, model='lif', v_th=0.5)
        self.connection1 = hebb.Connection(self.input, self.layer1,
                                           weight=np.arange(12).reshape(3, 4) / 12)
        self.output = hebb.Decoder(num=3, dec_target=self.layer1)
        self.learner = hebb.Learner(trainable=self, algorithm='STCA')
        self.learner.set_optimizer('SGD', 0.1)


def ones(batch=2, steps=5, num=4):
    return np.ones((batch, steps, num), np.float32)


class Building(unittest.TestCase):
    def test_with_blocks_take_the_names_of_variables(self):
        net = hebb.Network(dt=1.0)
        with net:
            source = hebb.Encoder(num=2, coding_method='poisson')
            cells = hebb.NeuronGroup(3)
            link = hebb.Connection(source, cells)
            hebb.Decoder(num=3, dec_target=cells)
        self.assertIs(net.source, source)
        self.assertIs(net.link, link)
        self.assertEqual(net.decoder1.coding_method, 'spike_counts')
        net.source(np.ones((1, 2)))
        net.run(3.0)
        self.assertEqual(net.decoder1.predict.shape, (1, 3))

    def test_add_calls(self):
        net = hebb.Network(dt=1.0)
        a, b = hebb.Encoder(num=2), hebb.NeuronGroup(3)
        net.add_assembly('a', a)
        net.add_assembly('b', b)
        net.add_connection('c', hebb.Connection(a, b))
        net.add_monitor = None
        net.build()
        self.assertEqual(net.c.weight.shape, (3, 2))
        with self.assertRaises(ValueError):
            net.add_assembly('again', a)
        with self.assertRaises(ValueError):
            net.run = hebb.NeuronGroup(2)

    def assembly_net(self, policies):
        class Part(hebb.Assembly):
            def __init__(self):
                super().__init__()
                self.one = hebb.NeuronGroup(2, neuron_type='exc')
                self.two = hebb.NeuronGroup(2, neuron_type=['inh'])
                self.inner = hebb.Connection(self.one, self.two)

        net = hebb.Network(dt=1.0)
        net.source = hebb.Encoder(num=2)
        net.part = Part()
        net.last = hebb.NeuronGroup(3)
        net.feed = hebb.Connection(net.source, net.part.one)
        net.across = hebb.Projection(net.part, net.last, policies=policies)
        net.build()
        return net

    def test_projections_and_policies(self):
        every = {"across_part_one_last", "across_part_two_last"}
        for policies, wanted in (([], every),
                                 ([hebb.IncludedTypePolicy(pre_types=['exc'])],
                                  {"across_part_one_last"}),
                                 (hebb.ExcludedTypePolicy(pre_types=['exc']),
                                  {"across_part_two_last"}),
                                 (hebb.IndexConnectPolicy([1], [0]), {"across_part_two_last"})):
            net = self.assembly_net(policies)
            found = {c.id for c in net._all_connections() if c.id.startswith("across")}
            self.assertEqual(found, wanted)
            self.assertEqual(net.part.inner.id, "part_inner")

    def test_a_change_builds_anew_and_keeps_weights(self):
        net = Small()
        net.input(ones())
        net.run(5.0)
        net.connection1.weight = 0.25
        net.layer2 = hebb.NeuronGroup(2)
        net.connection2 = hebb.Connection(net.layer1, net.layer2)
        net.run(5.0)
        self.assertTrue((net.connection1.weight == 0.25).all())
        self.assertEqual(net.connection2.weight.shape, (2, 3))

    def test_backends(self):
        backend = hebb.Torch_Backend('cpu')
        backend.dt = 0.5
        net = Small()
        net.set_backend(backend)
        net.build(backend)
        self.assertEqual(net.dt, 0.5)
        net.set_backend_dt(0.25)
        self.assertEqual(net.dt, 0.25)

    def test_parameter_variables_are_trained(self):
        net = Small()
        net.layer1 = hebb.NeuronGroup(3, model='lif', v_th=0.5, parameter_variables=['tau_m'])
        net.connection1 = hebb.Connection(net.input, net.layer1, weight=0.11)
        net.output = hebb.Decoder(num=3, dec_target=net.layer1)
        net.input(ones())
        net.run(5.0)
        before = net.layer1.tau_m
        hebb.functional.cross_entropy(net.output.predict, [0, 1]).backward()
        net.learner.optim_step()
        self.assertEqual(before.shape, net.layer1.tau_m.shape)
        self.assertIn("layer1.tau_m", net.parameters())


class Learning(unittest.TestCase):
    def test_gradient_through_arithmetic(self):
        """Against the loss's own standardise, which treats mean and deviation alike."""
        grads = []
        for by_hand in (False, True):
            net = Small()
            net.input(ones(2, 6))
            net.run(6.0)
            y = net.output.predict
            if by_hand:
                spread = np.asarray(y).std(ddof=1)
                loss = hebb.functional.cross_entropy((y - y.mean()) / (spread + 0.1), [0, 2])
            else:
                loss = hebb.functional.cross_entropy(y, [0, 2], standardise=True)
            loss.backward()
            grads.append((loss.item(), net.connection1.gradient()))
        self.assertAlmostEqual(grads[0][0], grads[1][0], places=6)
        np.testing.assert_allclose(grads[0][1], grads[1][1], rtol=1e-5, atol=1e-8)

    def test_losses_by_hand(self):
        y = np.array([[1.0, 2.0], [0.5, -1.0]])
        loss = hebb.functional.cross_entropy(y, [0, 1])
        rows = y - np.log(np.exp(y).sum(1, keepdims=True))
        self.assertAlmostEqual(loss.item(), -(rows[0, 0] + rows[1, 1]) / 2, places=12)
        loss = hebb.functional.mse(y, np.zeros((2, 2), np.float32))
        self.assertAlmostEqual(loss.item(), (y ** 2).mean(), places=12)
        np.testing.assert_allclose(loss.gradient, y / 2)
        self.assertAlmostEqual((2 * loss + loss).item(), 3 * loss.item())

    def test_stale_predictions_are_refused(self):
        net = Small()
        net.input(ones())
        net.run(5.0)
        loss = hebb.functional.cross_entropy(net.output.predict, [0, 1])
        net.run(5.0)
        with self.assertRaises(hebb.StateError):
            loss.backward()

    def test_lbfgs_closure_raises_what_it_raised(self):
        net = Small()
        net.learner.set_optimizer('LBFGS', 0.1)
        net.input(ones())
        net.run(5.0)

        def closure():
            raise KeyError("mine")

        with self.assertRaises(KeyError):
            net.learner.optim_step(closure)
        net.run(5.0)  # it lives on

    def test_deactive_and_eval_learn_nothing(self):
        for rest in (lambda net: net.eval(), lambda net: net._learner.deactive()):
            net = hebb.Network(dt=1.0)
            net.input = hebb.Encoder(num=4, coding_method='float')
            net.layer1 = hebb.NeuronGroup(3, model='lif', v_th=0.5)
            net.connection1 = hebb.Connection(net.input, net.layer1, weight=0.5)
            net._learner = hebb.Learner(trainable=net.connection1, algorithm='stdp')
            rest(net)
            net.input(np.ones((1, 4)))
            net.run(20.0)
            self.assertTrue((net.connection1.weight == 0.5).all())


class Watching(unittest.TestCase):
    def test_state_and_spikes(self):
        net = Small()
        net.mon_V = hebb.StateMonitor(net.layer1, 'V')
        net.mon_I = hebb.StateMonitor(net.input, 'O', index=[1, 3])
        net.mon_w = hebb.StateMonitor(net.connection1, 'weight')
        net.spk = hebb.SpikeMonitor(net.layer1)
        net.input(ones(2, 5))
        net.run(5.0)
        self.assertEqual(net.mon_V.values.shape, (2, 3, 5))
        np.testing.assert_allclose(net.mon_V.times, [1, 2, 3, 4, 5])
        self.assertTrue((net.mon_I.values == 1).all())
        self.assertEqual(net.mon_I.values.shape, (2, 2, 5))
        self.assertEqual(net.mon_w.values.shape, (3, 4, 1))
        self.assertEqual([len(t) for t in net.spk.spk_times],
                         [int(row.sum()) for row in net.spk.spk_count])
        np.testing.assert_array_equal(net.spk.spk_count, net.output.predict)
        self.assertEqual(net.spk.time_spk_rate.shape, (3, 5))
        self.assertEqual(net.spk.time_pop_rate.shape, (2, 5))

    def test_pieces_are_one_run(self):
        whole, pieces = Small(), Small()
        for net in (whole, pieces):
            net.mon = hebb.StateMonitor(net.layer1, 'V')
            net.spk = hebb.SpikeMonitor(net.layer1)
            net.input(ones(1, 6))
        whole.run(6.0)
        pieces.run(2.0)
        pieces.run_continue(4.0)
        np.testing.assert_allclose(whole.mon.times, pieces.mon.times)
        np.testing.assert_allclose(whole.mon.values, pieces.mon.values, atol=1e-6)
        np.testing.assert_array_equal(whole.spk.spk_count, pieces.spk.spk_count)

    def test_batches_that_are_kept(self):
        net = Small()
        net.mon = hebb.StateMonitor(net.layer1, 'V', nbatch=True)
        net.input(ones(1, 3))
        for _run in range(3):
            net.run(3.0)
        self.assertEqual(len(net.mon.nbatch_values), 3)
        net.mon.monitor_off()
        kept = net.mon.values
        net.input(np.zeros((1, 3, 4)))
        net.run(3.0)
        np.testing.assert_array_equal(net.mon.values, kept)

    def test_html_and_pages(self):
        html = Small()._repr_html_()
        self.assertIn("<svg", html)
        self.assertIn("connection1", html)
        self.assertIn("tau_m", hebb.NeuronGroup.__doc__)
        self.assertIn("w_norm", hebb.Learner.__doc__)
        self.assertIn("# lif (neuron)", str(hebb.info("lif")))
        self.assertIn("alpha", [p.name for p in hebb.parameters("STCA")])


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hebb-python-")
        self.addCleanup(shutil.rmtree, self.folder)

    def test_weights(self):
        net, other = Small(), Small()
        net.connection1.weight = 0.125
        net.save_state('kept', self.folder)
        other.state_from_dict(filename='kept', direct=self.folder)
        self.assertTrue((other.connection1.weight == 0.125).all())
        state = net.save_state(save=False)
        state["connection1.weight"] = state["connection1.weight"] * 2
        other.state_from_dict(state)
        self.assertTrue((other.connection1.weight == 0.25).all())

    def test_structure(self):
        net = Small()
        net.mon = hebb.StateMonitor(net.layer1, 'V')
        net.learner.set_schedule('StepLR', 5)
        net.connection1.weight = np.arange(12).reshape(3, 4) / 7
        for form in ("json", "yaml"):
            for combine in (False, True):
                name = hebb.network_save(net, f"net{form}{combine}", self.folder, form, combine)
                read = hebb.network_load(name, self.folder)
                np.testing.assert_allclose(read.connection1.weight, net.connection1.weight,
                                           rtol=1e-6)
                self.assertEqual(read.learner._describe(read), net.learner._describe(net))
                for each in (net, read):
                    each.input(ones())
                    each.run(5.0)
                np.testing.assert_array_equal(net.output.predict, read.output.predict)
        self.assertIsInstance(hebb.network_save(net, save=False), dict)

    def test_run_files(self):
        example = os.path.join(SOURCE, "examples", "strokes.yaml")
        net = hebb.Network.from_file(example)
        self.assertEqual(net["class"].coding_method, "voltage_mean")
        path = os.path.join(self.folder, "x.yaml")
        net.save(path)
        again = hebb.Network.from_file(path)
        first, second = net.parameters(), again.parameters()
        self.assertEqual(list(first), list(second))
        for name in first:
            self.assertTrue(np.array_equal(first[name], second[name]), name)

    def test_sentences_name_the_line(self):
        path = os.path.join(self.folder, "bad.yaml")
        with open(path, "w") as file:
            file.write("network:\n  dt: 1\n  groups:\n    a: {neurons: liff, num: 3}\n")
        with self.assertRaisesRegex(ValueError, "bad.yaml:4.*lif"):
            hebb.Network.from_file(path)
        with self.assertRaises(OSError):
            hebb.Network.from_file(os.path.join(self.folder, "none.yaml"))


def safetensors(path):
    """{name: array} of a file, read by hand."""
    with open(path, "rb") as file:
        raw = file.read()
    size = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8:8 + size]), raw[8 + size:]
    kinds = {"F32": np.float32, "F64": np.float64}
    return {name: np.frombuffer(data[entry["data_offsets"][0]:entry["data_offsets"][1]],
                                kinds[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in kinds}


class SameBits(unittest.TestCase):
    """examples/first.yaml and examples/c/first.c are one network; so is this."""

    def by_hand(self):
        net = hebb.Network(dt=1.0)
        net.input = hebb.Encoder(num=784, coding_method='poisson')
        net.layer1 = hebb.NeuronGroup(100, model='lif')
        net.layer2 = hebb.NeuronGroup(10, model='lif', tau_m=10.0)
        net.connection1 = hebb.Connection(net.input, net.layer1, link_type='full')
        net.connection2 = hebb.Connection(net.layer1, net.layer2, link_type='full')
        net.output = hebb.Decoder(num=10, dec_target=net.layer2, coding_method='spike_counts')
        net.learner = hebb.Learner(trainable=net, algorithm='STCA', alpha=1.0)
        net.learner.set_optimizer('Adam', 0.002)
        return net

    def test_python_command_and_c(self):
        command = os.path.join(BUILD, "hebb")
        if not os.path.exists(command):
            self.skipTest("the command is not built")
        folder = tempfile.mkdtemp(prefix="hebb-python-")
        self.addCleanup(shutil.rmtree, folder)
        run = os.path.join(folder, "run")
        example = os.path.join(SOURCE, "examples", "first.yaml")
        told = subprocess.run([command, "train", example, "-o", run, "--json"], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        wanted = safetensors(os.path.join(run, "checkpoints", "last.safetensors"))
        train, test = hebb.Strokes(limit=2000), hebb.Strokes(is_train=False, limit=500)
        for net in (self.by_hand(), hebb.Network.from_file(example)):
            found = net.fit(train, epochs=5, batch_size=20, time=20, test=test)
            self.assertEqual(found["accuracy"], json.loads(told.stdout)["test_accuracy"])
            for name, values in net.parameters().items():
                self.assertTrue(np.array_equal(values, wanted[name].astype(np.float64)), name)
        self.by_c(found["accuracy"], folder)

    def by_c(self, accuracy, folder):
        compiler, library = shutil.which("cc"), os.path.join(BUILD, "libhebb.so")
        if not compiler or not os.path.exists(library) or os.environ.get("LD_PRELOAD"):
            return
        program = os.path.join(folder, "first")
        subprocess.run([compiler, os.path.join(SOURCE, "examples", "c", "first.c"), "-I",
                        os.path.join(SOURCE, "include"), "-o", program, library,
                        "-Wl,-rpath," + BUILD], check=True)
        said = subprocess.run([program], check=True, stdout=subprocess.PIPE).stdout.decode()
        self.assertEqual(float(re.search(r"([\d.]+) %", said).group(1)),
                         round(100 * accuracy, 2))

    def test_a_loop_of_ones_own(self):
        """The verbs of the package against hebb_fit: the same bits."""
        samples, labels = hebb.Strokes(limit=200).arrays()
        fitted, looped = self.by_hand(), self.by_hand()
        fitted.fit((samples, labels), epochs=2, batch_size=20, time=10, shuffle=False)
        for epoch in (1, 2):
            for first in range(0, 200, 20):
                places = np.arange(first, first + 20)
                looped.presentation(epoch, places)
                looped.input(samples[places])
                looped.run(10)
                loss = hebb.functional.cross_entropy(looped.output.predict, labels[places])
                looped.learner.optim_zero_grad()
                loss.backward()
                looped.learner.optim_step()
        for name, values in fitted.parameters().items():
            self.assertTrue(np.array_equal(values, looped.parameters()[name]), name)


class Loops(unittest.TestCase):
    def test_loader(self):
        data = hebb.CustomDataset(np.arange(20).reshape(10, 2), np.arange(10) % 3)
        loader = hebb.Dataloader(data, batch_size=4)
        self.assertEqual([len(y) for _x, y in loader], [4, 4, 2])
        self.assertEqual(len(hebb.Dataloader(data, 4, drop_last=True)), 2)
        np.random.seed(3)
        first = np.concatenate([y for _x, y in hebb.Dataloader(data, 4, shuffle=True)])
        np.random.seed(3)
        second = np.concatenate([y for _x, y in hebb.Dataloader(data, 4, shuffle=True)])
        np.testing.assert_array_equal(first, second)
        self.assertEqual(sorted(first), sorted(np.arange(10) % 3))

    def test_progress_stops_and_raises(self):
        net, seen = SameBits().by_hand(), []
        data = hebb.Strokes(limit=100)

        def stop(state):
            seen.append(state["batch"])
            return len(seen) == 2

        self.assertTrue(net.fit(data, batch_size=10, time=5, progress=stop)["stopped"])
        self.assertEqual(seen, [1, 2])

        def interrupt(_state):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            net.fit(data, batch_size=10, time=5, progress=interrupt)

        def meddle(_state):
            net.run(5)

        with self.assertRaises(hebb.StateError):
            net.fit(data, batch_size=10, time=5, progress=meddle)
        net.fit(data, batch_size=10, time=5)

    def test_ctrl_c(self):
        """A signal in the middle of a long training is a KeyboardInterrupt, soon."""
        code = ("import os, signal, sys, threading, numpy as np, hebb\n"
                "net = hebb.Network(dt=1.0)\n"
                "net.a = hebb.Encoder(num=784)\nnet.b = hebb.NeuronGroup(10)\n"
                "net.c = hebb.Connection(net.a, net.b)\n"
                "net.d = hebb.Decoder(num=10, dec_target=net.b)\n"
                "net.l = hebb.Learner(trainable=net, algorithm='STCA')\n"
                "net.l.set_optimizer('Adam', 0.001)\n"
                "data = hebb.Strokes(limit=100)\n"
                "threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
                "try:\n    net.fit(data, epochs=10**6, batch_size=10, time=5)\n"
                "except KeyboardInterrupt:\n"
                "    net.fit(data, batch_size=10, time=5)\n    sys.exit(0)\n"
                "sys.exit(1)\n")
        done = subprocess.run([sys.executable, "-c", code], timeout=60)
        self.assertEqual(done.returncode, 0)

    def test_the_interpreter_is_free_while_it_runs(self):
        net, ticks, done = SameBits().by_hand(), [], threading.Event()
        net.input(np.ones((200, 784)))

        def tick():
            while not done.wait(0.001):
                ticks.append(1)

        thread = threading.Thread(target=tick)
        thread.start()
        net.run(200)
        done.set()
        thread.join()
        self.assertGreater(len(ticks), 3)

    def test_pickling_is_refused_with_a_reason(self):
        net = Small()
        for call in (pickle.dumps, copy.copy, copy.deepcopy):
            with self.assertRaisesRegex(TypeError, "network_save"):
                call(net)
        net.input(ones())
        net.run(5.0)
        kept = pickle.loads(pickle.dumps(net.output.predict))
        np.testing.assert_array_equal(kept, np.asarray(net.output.predict))


if __name__ == "__main__":
    unittest.main()
