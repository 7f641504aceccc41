# Copy this file to packages/rankpool/ of a Spack repository. In a clone, `spack dev-build
# rankpool@0.1.0` builds it; for `spack install`, add the url of a release archive, or git.
from spack.package import *


class Rankpool(AutotoolsPackage):
    """Pools of MPI ranks: every core of a laptop, and every node of a cluster, on one numeric
    problem, from C, C++ and Fortran."""

    license("MIT")

    version("0.1.0")

    variant("fortran", default=True, description="Build the module for Fortran 2018")
    variant("png", default=True, description="Let heat and mandelbrot write pictures")
    variant("primesieve", default=False, description="Let primes use libprimesieve")
    variant("nettle", default=True, description="Let search compute the trees of UTS")

    depends_on("autoconf", type="build")
    depends_on("automake", type="build")
    depends_on("libtool", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("check", type="test")
    depends_on("mpi@3:")
    depends_on("random123", type="build")
    depends_on("xxhash", type="build")
    depends_on("libpng@1.5:", when="+png")
    depends_on("primesieve@7:", when="+primesieve")
    depends_on("nettle@3:", when="+nettle")

    def autoreconf(self, spec, prefix):
        Executable("./bootstrap")()

    def configure_args(self):
        args = ["MPICC=" + self.spec["mpi"].mpicc]
        args += self.enable_or_disable("fortran")
        args.append("--without-python")
        for library in ("png", "primesieve", "nettle"):
            args += self.with_or_without(library)
        return args

    def installcheck(self):
        with working_dir(self.build_directory):
            make("installcheck")
