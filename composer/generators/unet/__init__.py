"""Family `unet`: the U-Net of AWS DeepComposer's sample, the system to beat."""
