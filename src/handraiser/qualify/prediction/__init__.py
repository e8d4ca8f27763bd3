"""A score learned from a firm's own outcomes, on any table. Needs the extra [ml]; see README.md."""

import os

# Where several processes share the cores, libraries that each start a thread for every core slow each other down
# fifteenfold. They read these when they are loaded, so it is said before anything here loads them.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
