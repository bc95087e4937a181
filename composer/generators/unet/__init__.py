"""Family `unet`: the U-Net of AWS DeepComposer's sample, the system to beat."""

from composer.generators.unet.codec import FAMILY

__all__ = ["FAMILY"]
