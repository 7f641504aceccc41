# Copy this file to packages/rankpool/ of a Spack repository, for Spack 1.0 or later. In a clone,
# `spack dev-build rankpool@0.1.0` builds it; for `spack install`, add the url of a release archive,
# or git.
from spack_repo.builtin.build_systems.autotools import AutotoolsPackage

from spack.package import *


class Rankpool(AutotoolsPackage):
    """Pools of MPI ranks: every core of a laptop, and every node of a cluster, on one numeric
    problem, from C, C++ and Fortran."""

    license("MIT")

    version("0.1.0")

    variant("shared", default=True, description="Build the shared library")
    variant("static", default=True, description="Build the static library")
    variant("pic", default=True, description="Make the static library position-independent too")
    variant("fortran", default=True, description="Build the module for Fortran 2018")
    variant("png", default=True, description="Let heat and mandelbrot write pictures")
    variant("primesieve", default=False, description="Let primes use libprimesieve")
    variant("nettle", default=True, description="Let search compute the trees of UTS")

    conflicts("~shared~static", msg="build the shared library, the static one, or both")

    depends_on("c", type="build")
    depends_on("fortran", type="build", when="+fortran")

    depends_on("autoconf", type="build")
    depends_on("automake", type="build")
    depends_on("libtool", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("check", type="test")
    depends_on("procps", type="test")

    depends_on("mpi@3:")
    depends_on("random123", type="build")
    depends_on("xxhash", type="build")
    depends_on("libpng@1.5:", when="+png")
    depends_on("primesieve@7:", when="+primesieve")
    depends_on("nettle@3:", when="+nettle")

    def configure_args(self):
        args = [f"MPICC={self.spec['mpi'].mpicc}", "--without-python"]
        for feature in ("shared", "static", "fortran"):
            args += self.enable_or_disable(feature)
        for library in ("png", "primesieve", "nettle"):
            args += self.with_or_without(library)
        # Not --without-pic, which libtool takes for the shared library too.
        if self.spec.satisfies("+pic"):
            args.append("--with-pic")
        return args

    def test_steps(self):
        """build and run an installed example"""
        source = join_path(self.prefix.share, "doc", "rankpool", "examples", "steps.c")
        mpicc = Executable(self.spec["mpi"].mpicc)
        mpicc(
            source,
            "-o",
            "steps",
            f"-I{self.prefix.include}",
            f"-L{self.prefix.lib}",
            f"-Wl,-rpath,{self.prefix.lib}",
            "-lrankpool",
            "-lm",
        )
        steps = Executable("./steps")
        assert "2298025 takes 559 steps" in steps(output=str.split, error=str.split)
