"""A process that simulates shots for the program: `python -m airybench.data.datasets.simulating`."""

from airybench.data.hdf5.serving import serve

if __name__ == "__main__":
    serve()
