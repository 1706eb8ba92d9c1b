"""What a stranger may have written: names, folders, parameters and pickles that try to be more than data."""

import pickle
import pickletools
import struct
from collections.abc import Callable

# A page on which one of these ran has `window.__pwned`; a shell in which one ran has a file of this name.
MARK = "pwned"
RUNS = "window.__pwned=1"

NAMES = (
    f"<script>{RUNS}</script>",
    f"</script><script>{RUNS}</script>",
    f"</ScRiPt ><svg onload={RUNS}>",
    f"<img src=x onerror={RUNS}>",
    f'"><img src=x onerror={RUNS}>',
    f"' onmouseover={RUNS} autofocus onfocus={RUNS} x='",
    f"<a href=javascript:{RUNS}>click</a>",
    f"javascript:{RUNS}//",
    f"[click](javascript:{RUNS}) ![x](https://attacker.invalid/x.png)",
    "<img src=https://attacker.invalid/x.png>",
    "<iframe srcdoc='<script>parent.__pwned=1</script>'></iframe>",
    f"<math><mtext></table><mglyph><style><img src=x onerror={RUNS}></style>",
    f"<!--<script>{RUNS}</script>",
    f"--><script>{RUNS}</script>",
    f"<!--/wb:view--><script>{RUNS}</script><!--wb:view-->",
    f"</title></style></textarea></noscript></template><script>{RUNS}</script>",
    f"]]></svg><script>{RUNS}</script>",
    f"&lt;script&gt;{RUNS}&lt;/script&gt; &amp;&#60;img src=x onerror={RUNS}&#62;",
    f"${{{RUNS}}} {{{{{RUNS}}}}} {{% for x in [].__class__.__base__.__subclasses__() %}}{{{{x}}}}{{% endfor %}}",
    f"\\u003cscript\\u003e{RUNS}\\u003c/script\\u003e",
    f"\u2028;{RUNS};\u2029",
    f"`;{RUNS};`",
    f'";{RUNS};//',
    f"}}</style><script>{RUNS}</script>",
    "x; background: url(https://attacker.invalid/x.png)",
    "url(https://attacker.invalid/x.png) @import 'https://attacker.invalid/x.css';",
    f"$\\href{{javascript:{RUNS}}}{{x}}$ $\\text{{<script>{RUNS}</script>}}$",
    "%{x} %{customdata} <extra>%{y}</extra> <b>bold</b><br>%{xref:attacker}",
    "__proto__",
    "constructor",
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "Ann\x1b[2J\x1b[31mroot\x1b]0;title\x07\x1b]8;;https://attacker.invalid\x1b\\",
    "Ann\x9b2J\x90\x9c\x08\x08\x7f",
    "Ann\u202egnp.exe\u2066\u200f",
    "Ann\nError: nothing is wrong\r\nBob",
    "Ann\x00Bob",
    "half a letter \ud83d",
    "\ufeff\ufffe\uffff",
    "é" * 200,
    "🙂" * 50,
    "..",
    "../../etc/passwd",
    "CON",
    "x" * 5000,
)

# Names that can be those of folders.
FOLDERS = (
    "a'b",
    'a"b',
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned;",
    "' ; touch pwned ; '",
    '" ; touch pwned ; "',
    "a\ntouch pwned\n",
    "&& touch pwned",
    "| touch pwned",
    "-rf",
    "--output=pwned",
    "a b  c",
    "*",
    "~",
    "#x",
    "!!",
    "\\",
    "a\\' touch pwned",
    "${IFS}touch${IFS}pwned",
    "{epochs}",
    "{epochs.__class__}",
    "{",
    "%s%n",
    "\x1b[2J",
    "\u202egnp",
    "true",
    "1",
    "[a, b]",
    "é🙂",
    "a: b",
    "javascript:window.__pwned=1",
)

# Values of parameters.
TEXTS = (
    *NAMES[:8],
    f"__import__('os').system('touch {MARK}')",
    f"'+__import__('os').system('touch {MARK}')+'",
    f"\"+__import__('os').system('touch {MARK}')+\"",
    f"'''+__import__('os').system('touch {MARK}')+'''",
    f'"""\n__import__(\'os\').system(\'touch {MARK}\')\n"""',
    f"x\n!touch {MARK}\n%system touch {MARK}",
    f"x\r\n__import__('os').system('touch {MARK}')#",
    f"\\\"\n__import__('os').system('touch {MARK}')#",
    "\\",
    '\\\\"',
    "{__import__('os').system('touch pwned')}",
    "\x0c\x1c\x1d\x85\u2028__import__('os')",
    "\ud800",
    "x" * 100_000,
)

PARAMETER_NAMES = (
    "x; __import__('os').system('touch pwned')",
    "x\n__import__('os').system('touch pwned')\ny",
    "epochs = 1 #",
    "__builtins__",
    "epochs.real",
    "epochs: int",
    "class",
    "1",
    "",
    " epochs",
)


def _shell(mark: str) -> bytes:
    return f"touch {mark}".encode()


def _short(text: bytes) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text


def _call(module: str, name: str, argument: bytes) -> bytes:
    return f"c{module}\n{name}\n".encode() + b"(" + argument + b"tR."


def _text(text: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text


def _python(mark: str) -> bytes:
    return _text(f"open({mark!r}, 'w').close()".encode())


_RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nI0\ntC\x01btR"
_DTYPE = b"cnumpy\ndtype\n(X\x02\x00\x00\x00u1I0\nI1\ntR"

# Each is a program that would leave a file, or change the process, if what it names were what it says.
PICKLES: dict[str, Callable[[str], bytes]] = {
    "os.system by GLOBAL": lambda m: _call("os", "system", _text(_shell(m))),
    "posix.system by GLOBAL": lambda m: _call("posix", "system", _text(_shell(m))),
    "os.system by STACK_GLOBAL": lambda m: (
        b"\x80\x04" + _short(b"os") + _short(b"system") + b"\x93" + _text(_shell(m)) + b"\x85R."
    ),
    "os.system by INST": lambda m: b"(" + _text(_shell(m)) + b"ios\nsystem\n.",
    "os.system by OBJ": lambda m: b"(cos\nsystem\n" + _text(_shell(m)) + b"o.",
    "os.system by a framed protocol 5": lambda m: _framed(
        _short(b"os") + _short(b"system") + b"\x93" + _text(_shell(m)) + b"\x85R."
    ),
    "subprocess.Popen by NEWOBJ": lambda m: (
        b"\x80\x02csubprocess\nPopen\n](" + _text(b"touch") + _text(m.encode()) + b"e\x85\x81."
    ),
    "subprocess.Popen by NEWOBJ_EX": lambda m: (
        b"\x80\x04csubprocess\nPopen\n](" + _text(b"touch") + _text(m.encode()) + b"e\x85}\x92."
    ),
    "eval": lambda m: _call("builtins", "eval", _python(m)),
    "exec": lambda m: _call("builtins", "exec", _python(m)),
    "eval of Python 2": lambda m: _call("__builtin__", "eval", _python(m)),
    "open": lambda m: b"cbuiltins\nopen\n(" + _text(m.encode()) + _text(b"w") + b"tR.",
    "io.open": lambda m: b"cio\nopen\n(" + _text(m.encode()) + _text(b"w") + b"tR.",
    "__import__": lambda m: _call("builtins", "__import__", _text(b"antigravity")),
    "getattr of a module": lambda m: (
        b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n("
        + _text(b"os")
        + b"tR"
        + _text(b"system")
        + b"tR("
        + _text(_shell(m))
        + b"tR."
    ),
    "operator.attrgetter": lambda m: _call("operator", "attrgetter", _text(b"__globals__")),
    "functools.partial": lambda m: b"cfunctools\npartial\n(cos\nsystem\n" + _text(_shell(m)) + b"tR)R.",
    "functools.reduce": lambda m: b"cfunctools\nreduce\n(cos\nsystem\n](" + _text(_shell(m)) + b"etR.",
    "map over os.system": lambda m: b"cbuiltins\nmap\n(cos\nsystem\n](" + _text(_shell(m)) + b"etR.",
    "copyreg.__newobj__": lambda m: b"ccopyreg\n__newobj__\n(csubprocess\nPopen\n" + _text(m.encode()) + b"tR.",
    "copyreg._reconstructor": lambda m: b"ccopy_reg\n_reconstructor\n(cbuiltins\nobject\ncbuiltins\nobject\nNtR.",
    "codecs.decode": lambda m: b"c_codecs\ndecode\n(" + _text(b"x") + _text(b"rot13") + b"tR.",
    "codecs.encode to a zip": lambda m: b"c_codecs\nencode\n(" + _text(b"x") + _text(b"zip") + b"tR.",
    "pickle.loads": lambda m: (
        b"cpickle\nloads\n(" + b"C" + bytes([40]) + b"cos\nsystem\n(" + b"X\x01\x00\x00\x00x".ljust(28) + b"tR."
    ),
    "torch.load": lambda m: _call("torch", "load", _text(m.encode())),
    "numpy.load": lambda m: _call("numpy", "load", _text(m.encode())),
    "numpy.fromfile": lambda m: _call("numpy.core.multiarray", "fromfile", _text(b"/etc/passwd")),
    "numpy.memmap": lambda m: b"cnumpy\nmemmap\n(" + _text(m.encode()) + _text(b"u1") + _text(b"w+") + b"I0\nI9\ntR.",
    "numpy.ndarray.tofile": lambda m: b"cnumpy\nndarray.tofile\n.",
    "a dotted name through _reconstruct": lambda m: (
        b"\x80\x04" + _short(b"numpy.core.multiarray") + _short(b"_reconstruct.__globals__") + b"\x93."
    ),
    "a dotted name through dtype": lambda m: (
        b"\x80\x04" + _short(b"numpy") + _short(b"dtype.__init__.__globals__") + b"\x93."
    ),
    "a dotted module": lambda m: (
        b"\x80\x04" + _short(b"numpy.core.multiarray._reconstruct") + _short(b"__globals__") + b"\x93."
    ),
    "numpy._core with more dots": lambda m: b"cnumpy._core.multiarray.numpy\n_reconstruct\n.",
    "an attribute of bytes": lambda m: b"cbuiltins\nbytes.__class__.__base__.__subclasses__\n)R.",
    "a persistent id": lambda m: b"Pos.system\n.",
    "a binary persistent id": lambda m: b"\x80\x02" + _text(b"os.system") + b"Q.",
    "an extension by EXT1": lambda m: b"\x80\x02\x82\x01.",
    "an extension by EXT2": lambda m: b"\x80\x02\x83\x01\x00.",
    "an extension by EXT4": lambda m: b"\x80\x02\x84\x01\x00\x00\x00.",
    "BUILD of __class__ on an array": lambda m: _RECONSTRUCT + b"N}(" + _text(b"__class__") + b"cos\nsystem\nu\x86b.",
    "BUILD of a state that is a call": lambda m: _RECONSTRUCT + b"(I1\ncos\nsystem\n(" + _text(_shell(m)) + b"tRNNtb.",
    "BUILD with __setstate__ of a function": lambda m: (
        b"c_codecs\nencode\n}(" + _text(b"__setstate__") + b"cos\nsystem\nub" + _text(_shell(m)) + b"b."
    ),
    "BUILD with a stand-in as __setstate__": lambda m: (
        b"cnumpy\ndtype\n}(" + _text(b"__setstate__") + b"c_codecs\nencode\nub."
    ),
    "BUILD of __code__ on a stand-in": lambda m: b"c_codecs\nencode\n(N}(" + _text(b"__code__") + _python(m) + b"utb.",
    "BUILD of __globals__ on a stand-in": lambda m: b"c_codecs\nencode\n(N}(" + _text(b"__globals__") + b"}utb.",
    "BUILD of __class__ on a dtype": lambda m: _DTYPE + b"(N}(" + _text(b"__class__") + b"cnumpy\nndarray\nutb.",
    "BUILD of a class": lambda m: b"cnumpy\nndarray\n(N}(" + _text(b"__init__") + b"c_codecs\nencode\nutb.",
    "an array of objects": lambda m: b"cnumpy\ndtype\n(" + _text(b"O8") + b"I0\nI1\ntR.",
    "a dtype with fields": lambda m: b"cnumpy\ndtype\n(" + _text(b"u1,O") + b"I0\nI1\ntR.",
    "an array whose kind is a text": lambda m: (
        b"cnumpy.core.numeric\n_frombuffer\n(C\x01a" + _text(b"O") + b"(I1\nt" + _text(b"C") + b"tR."
    ),
    "a name swapped in the memo": lambda m: (
        b"c_codecs\nencode\nq\x01cos\nsystem\nq\x01" + b"h\x01" + _text(_shell(m)) + b"\x85R."
    ),
    "a name after a whole set": lambda m: (
        pickle.dumps(([b"a", b"b"], [True]))[:-1] + b"0" + _call("os", "system", _text(_shell(m)))
    ),
    "a name with a line break by STACK_GLOBAL": lambda m: (
        b"\x80\x04" + _short(b"builtins\nos") + _short(b"bytes") + b"\x93)R."
    ),
    "a name that is bytes": lambda m: b"\x80\x04C\x02osC\x06system\x93" + _text(_shell(m)) + b"\x85R.",
    "a call of what is no function": lambda m: _text(_shell(m)) + b"(tR.",
    "a call of an array": lambda m: _RECONSTRUCT + b"(" + _text(_shell(m)) + b"tR.",
    "NEWOBJ of what is no class": lambda m: b"\x80\x02" + _text(_shell(m)) + b")\x81.",
    "a list that is extended by a function": lambda m: b"c_codecs\nencode\n(" + _text(_shell(m)) + b"e.",
    "linecache.getlines": lambda m: _call("linecache", "getlines", _text(b"/etc/passwd")),
    "shutil.rmtree": lambda m: _call("shutil", "rmtree", _text(m.encode())),
    "webbrowser.open": lambda m: _call("webbrowser", "open", _text(b"https://attacker.invalid")),
    "socket.create_connection": lambda m: b"csocket\ncreate_connection\n((" + _text(b"localhost") + b"I9\nttR.",
    "urllib.request.urlopen": lambda m: _call("urllib.request", "urlopen", _text(b"file:///etc/passwd")),
    "runpy.run_path": lambda m: _call("runpy", "run_path", _text(m.encode())),
    "ctypes.CDLL": lambda m: _call("ctypes", "CDLL", _text(m.encode())),
    "this workbench's own code": lambda m: (
        b"cworkbench.files\nwrite_text\n(" + _text(m.encode()) + _text(b"x") + b"tR."
    ),
}


def _framed(program: bytes) -> bytes:
    return b"\x80\x05\x95" + struct.pack("<Q", len(program)) + program


def readable(program: bytes) -> str:
    """What a pickle would do, for whoever looks into a failure."""
    return "\n".join(f"{op.name} {argument!r}" for op, argument, _ in pickletools.genops(program))
