"""A module of torch, compiled and compared. Needs torch and onnx.

    python torch_module.py
"""
import torch

import dlc


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
            torch.nn.MaxPool2d(2), torch.nn.Conv2d(8, 16, 3, padding=1), torch.nn.GELU())
        self.head = torch.nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def main():
    torch.manual_seed(0)
    module = Net().eval()
    image = torch.randn(2, 3, 16, 16)
    model = dlc.from_torch(module, (image,))
    have = model(image)
    with torch.no_grad():
        want = module(image)
    print(model, "error %.1e" % (have - want).abs().max())
    torch.testing.assert_close(have, want, rtol=1e-4, atol=1e-5)


if __name__ == "__main__":
    main()
