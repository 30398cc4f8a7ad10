"""Bytes off the wire to numbers: the instructions that kernels of this room are made of.

A message is reached by its address. What may be read there the caller has made sure of: it knows
the message's length. Each function has a twin for ``NUMBA_DISABLE_JIT=1``.
"""

import ctypes

import numpy as np
from numba import config, types
from numba.extending import intrinsic

from nanobook.itch.layout import CODE_OF, RECORD, WIRE

__all__ = ["read_2", "read_4", "read_6", "read_8", "read_byte", "read_text", "scatter", "unpack"]

#: Nearly 2**64 divided by the golden ratio: its multiples are spread evenly.
_GOLDEN = 0x9E37_79B9_7F4A_7C15

_BLANKS = 0x2020_2020_2020_2020

if config.DISABLE_JIT:

    def _read(address, size):
        return int.from_bytes(ctypes.string_at(int(address), size), "big")

    def read_byte(address):
        """Return the byte at an address.

        Parameters
        ----------
        address : int
            Where it is.

        Returns
        -------
        int
            From 0 to 255.
        """
        return _read(address, 1)

    def read_2(address):
        """Return the number of two bytes at an address.

        Parameters
        ----------
        address : int
            Where the first is, the highest.

        Returns
        -------
        int
            Never negative.
        """
        return _read(address, 2)

    def read_4(address):
        """Return the number of four bytes at an address.

        Parameters
        ----------
        address : int
            Where the first is, the highest.

        Returns
        -------
        int
            Never negative.
        """
        return _read(address, 4)

    def read_6(address):
        """Return the number of six bytes at an address.

        Parameters
        ----------
        address : int
            Where the first is, the highest.

        Returns
        -------
        int
            Never negative.
        """
        return _read(address, 6)

    def read_8(address):
        """Return the number of eight bytes at an address.

        Parameters
        ----------
        address : int
            Where the first is, the highest.

        Returns
        -------
        int
            The 64 bits as an int64.
        """
        return (_read(address, 8) + 2**63) % 2**64 - 2**63

    def read_text(address):
        """Return eight letters at an address, without the blanks behind them.

        Parameters
        ----------
        address : int
            Where the first is.

        Returns
        -------
        int
            The first in the lowest bits; as an int64.
        """
        letters = ctypes.string_at(int(address), 8).rstrip(b" ")
        return int.from_bytes(letters.ljust(8, b"\0"), "little", signed=True)

    def scatter(number, shift):
        """Return a number's place in a table of a power of two, the same for the same number.

        Parameters
        ----------
        number : int
            Any int64.
        shift : int
            64 less the bits of the places.

        Returns
        -------
        int
            Spread evenly whatever steps the numbers come in (Knuth 1998, volume 3, section 6.4).
        """
        return (int(number) * _GOLDEN % 2**64) >> int(shift)

    def unpack(code, place, row, message):
        """Write what a message says as a record of its type.

        Parameters
        ----------
        code : int
            The type's, of layout.CODE_OF.
        place : int
            Address of the message, which is as long as its layout at least.
        row : int
            Address of the record.
        message : int
            The message's number.

        Returns
        -------
        int
            Bytes written: the size of the record.
        """
        letter = {code: letter for letter, code in CODE_OF.items()}[int(code)]
        wire, record = WIRE[letter].newbyteorder(">"), RECORD[letter]
        sent = np.frombuffer(ctypes.string_at(int(place), wire.itemsize), wire)[0]
        ctypes.memset(int(row), 0, record.itemsize)
        target = (ctypes.c_char * record.itemsize).from_address(int(row))
        made = np.frombuffer(target, record)[0]
        made["message"] = message
        made["timestamp_ns"] = int(sent["time_high"]) << 32 | int(sent["time_low"])
        for name in record.names[2:]:
            letters = record[name].kind == "S" and record[name].itemsize > 1
            made[name] = bytes(sent[name]).rstrip(b" ") if letters else sent[name]
        return record.itemsize

else:
    from llvmlite import ir

    _WORD = ir.IntType(64)

    def _load(builder, address, offset, size, swap=True):
        """Emit code that reads bytes as one number."""
        bits = ir.IntType(8 * size)
        place = builder.add(address, _WORD(offset)) if offset else address
        value = builder.load(builder.inttoptr(place, bits.as_pointer()), align=1)
        if swap and size > 1:
            value = builder.bswap(value)
        return builder.zext(value, _WORD) if size < 8 else value

    def _load_time(builder, address, offset):
        """Emit code that reads a number of six bytes, which have two in front of them."""
        return builder.and_(_load(builder, address, offset - 2, 8), _WORD((1 << 48) - 1))

    def _load_text(builder, address, offset, size):
        """Emit code that reads letters, without the blanks behind them."""
        value = _load(builder, address, offset, size, swap=False)
        others = builder.xor(value, _WORD(_BLANKS >> (64 - 8 * size)))
        blank = builder.icmp_unsigned("==", others, _WORD(0))
        zeros = builder.and_(builder.ctlz(others, ir.IntType(1)(0)), _WORD(56))
        mask = builder.select(blank, _WORD(0), builder.lshr(_WORD(-1), zeros))
        return builder.and_(value, mask)

    def _reader(emit):
        """Return an intrinsic that reads at an address."""

        @intrinsic
        def read(typing, address):
            """Return what bytes at an address say; ``NUMBA_DISABLE_JIT`` has each one's own words.

            Parameters
            ----------
            typing : Context
                Numba's; a kernel gives what follows.
            address : int
                Where the first is, the highest.

            Returns
            -------
            int
                Of 64 bits.
            """

            def generate(context, builder, signature, arguments):
                return emit(builder, arguments[0])

            return types.int64(types.int64), generate

        return read

    read_byte = _reader(lambda builder, address: _load(builder, address, 0, 1))
    read_2 = _reader(lambda builder, address: _load(builder, address, 0, 2))
    read_4 = _reader(lambda builder, address: _load(builder, address, 0, 4))
    read_6 = _reader(lambda builder, address: _load_time(builder, address, 0))
    read_8 = _reader(lambda builder, address: _load(builder, address, 0, 8))
    read_text = _reader(lambda builder, address: _load_text(builder, address, 0, 8))

    @intrinsic
    def scatter(typing, number, shift):
        """Return a number's place in a table of a power of two, the same for the same number.

        Parameters
        ----------
        typing : Context
            Numba's; a kernel gives what follows.
        number : int
            Any int64.
        shift : int
            64 less the bits of the places.

        Returns
        -------
        int
            Spread evenly whatever steps the numbers come in (Knuth 1998, volume 3, section 6.4).
        """

        def generate(context, builder, signature, arguments):
            product = builder.mul(arguments[0], _WORD(_GOLDEN))
            return builder.lshr(product, arguments[1])

        return types.int64(types.int64, types.int64), generate

    def _emit_record(builder, letter, place, row, message):
        """Emit code that writes a message as a record."""
        wire = WIRE[letter].fields
        for name, (kind, offset) in RECORD[letter].fields.items():
            if name == "message":
                value = message
            elif name == "timestamp_ns":
                value = _load_time(builder, place, wire["time_high"][1])
            elif kind.kind == "S" and kind.itemsize > 1:
                value = _load_text(builder, place, wire[name][1], kind.itemsize)
            else:
                value = _load(builder, place, wire[name][1], wire[name][0].itemsize)
            target = builder.inttoptr(builder.add(row, _WORD(offset)), _WORD.as_pointer())
            builder.store(value, target, align=8)

    @intrinsic
    def unpack(typing, code, place, row, message):
        """Write what a message says as a record of its type.

        Parameters
        ----------
        typing : Context
            Numba's; a kernel gives what follows.
        code : int
            The type's, of layout.CODE_OF.
        place : int
            Address of the message, which is as long as its layout at least.
        row : int
            Address of the record.
        message : int
            The message's number.

        Returns
        -------
        int
            Bytes written: the size of the record.
        """

        def generate(context, builder, signature, arguments):
            code, place, row, message = arguments
            start, done = builder.block, builder.append_basic_block("unpacked")
            sizes, cases = [(_WORD(0), start)], []
            for letter, number in CODE_OF.items():
                block = builder.append_basic_block(f"unpack_{letter}")
                with builder.goto_block(block):
                    _emit_record(builder, letter, place, row, message)
                    builder.branch(done)
                sizes.append((_WORD(RECORD[letter].itemsize), block))
                cases.append((_WORD(int(number)), block))
            switch = builder.switch(code, done)
            for value, block in cases:
                switch.add_case(value, block)
            builder.position_at_end(done)
            size = builder.phi(_WORD)
            for value, block in sizes:
                size.add_incoming(value, block)
            return size

        return types.int64(*[types.int64] * 4), generate
