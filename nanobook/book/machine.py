"""What the processor does in one instruction and Python has no word for.

A book's kernels are given one number, the address of its header, and find their records from
there: a call from Python then costs a third of what it costs with eight arrays, and a thousand
books are an array of addresses. Each function has a twin for ``NUMBA_DISABLE_JIT=1``.
"""

import ctypes

import numpy as np
from numba import config, types
from numba.extending import intrinsic

__all__ = ["highest_bit", "lowest_bit", "prefetch", "record_at", "subtract_wrapping"]

if config.DISABLE_JIT:

    def record_at(address, dtype):
        """Return the record of a struct dtype that lies at an address.

        Parameters
        ----------
        address : int
            Where it begins.
        dtype : dtype
            The record's, a struct.

        Returns
        -------
        record
            No copy: writing to its fields writes there.
        """
        return np.frombuffer((ctypes.c_char * dtype.itemsize).from_address(int(address)), dtype)[0]

    def lowest_bit(word):
        """Return the number of the lowest bit set in a word that isn't 0.

        Parameters
        ----------
        word : int
            64 bits.

        Returns
        -------
        int
            From 0 to 63.
        """
        word = int(word)
        return (word & -word).bit_length() - 1

    def highest_bit(word):
        """Return the number of the highest bit set in a word that isn't 0.

        Parameters
        ----------
        word : int
            64 bits.

        Returns
        -------
        int
            From 0 to 63.
        """
        return (int(word) & 0xFFFF_FFFF_FFFF_FFFF).bit_length() - 1

    def subtract_wrapping(left, right):
        """Return a difference modulo 2**64, as an int64.

        Parameters
        ----------
        left, right : int
            Of the range of int64.

        Returns
        -------
        int
            Of the range of int64.
        """
        return (int(left) - int(right) + 2**63) % 2**64 - 2**63

    def prefetch(address):
        """Ask for the cache line at an address, which may be any.

        Parameters
        ----------
        address : int
            Some byte of the line.
        """

else:

    @intrinsic
    def record_at(typing, address, dtype):
        """Return the record of a struct dtype that lies at an address.

        Parameters
        ----------
        typing : Context
            Numba's; a kernel gives what follows.
        address : int
            Where it begins.
        dtype : dtype
            The record's, a struct; a constant where it is compiled.

        Returns
        -------
        record
            No copy: writing to its fields writes there.
        """

        def generate(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return dtype.dtype(types.int64, dtype), generate

    @intrinsic
    def lowest_bit(typing, word):
        """Return the number of the lowest bit set in a word that isn't 0.

        Parameters
        ----------
        typing : Context
            Numba's; a kernel gives what follows.
        word : int
            64 bits.

        Returns
        -------
        int
            From 0 to 63.
        """

        def generate(context, builder, signature, arguments):
            return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

        return types.int64(types.int64), generate

    @intrinsic
    def highest_bit(typing, word):
        """Return the number of the highest bit set in a word that isn't 0.

        Parameters
        ----------
        typing : Context
            Numba's; a kernel gives what follows.
        word : int
            64 bits.

        Returns
        -------
        int
            From 0 to 63.
        """

        def generate(context, builder, signature, arguments):
            zeros = builder.ctlz(arguments[0], context.get_constant(types.boolean, True))
            return builder.sub(context.get_constant(types.int64, 63), zeros)

        return types.int64(types.int64), generate

    @intrinsic
    def subtract_wrapping(typing, left, right):
        """Return a difference modulo 2**64, as an int64.

        Parameters
        ----------
        typing : object
            Numba's own.
        left, right : int
            Of the range of int64.

        Returns
        -------
        int
            Of the range of int64.
        """

        def generate(context, builder, signature, arguments):
            return builder.sub(*arguments)

        return types.int64(types.int64, types.int64), generate

    @intrinsic
    def prefetch(typing, address):
        """Ask for the cache line at an address, which may be any.

        Parameters
        ----------
        typing : Context
            Numba's; a kernel gives what follows.
        address : int
            Some byte of the line.

        Returns
        -------
        None
            What a kernel gets of it.
        """
        from llvmlite import ir

        def generate(context, builder, signature, arguments):
            pointer = context.get_value_type(types.voidptr)
            number = ir.IntType(32)
            shape = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
            fetch = builder.module.declare_intrinsic("llvm.prefetch", [pointer], shape)
            place = builder.inttoptr(arguments[0], pointer)
            builder.call(fetch, [place, number(0), number(3), number(1)])
            return context.get_dummy_value()

        return types.void(types.int64), generate
