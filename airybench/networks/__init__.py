"""Networks: the logarithmic activation, and the timm networks that it is inserted into."""
