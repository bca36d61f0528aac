"""Networks: the logarithmic activation and the timm networks it is set into."""
