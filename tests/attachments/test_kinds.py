"""Kinds of files that the desk knows."""

import hashlib

import pytest

from portal.attachments.kinds import KINDS, is_what_it_says
from portal.attachments.sniffing import kind_of
from portal.settings.queries import UPLOAD_TYPES


def test_the_settings_offer_every_kind_that_is_known_and_no_other():
    assert sorted(UPLOAD_TYPES) == sorted(KINDS)


LOG = b"2026-11-21 10:00:00 GET / 502\n"
PAGE = b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body></body></html>\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>\n'
TEXTS = [
    ("notes.txt", b"From: Ann\nSubject: Printer\n\nIt burns.\n"),
    ("notes.txt", b"Date: Monday\nIt burns.\n"),
    ("notes.txt", b"x"),
    ("notes.txt", b"\n"),
    ("notes.txt", "Grüße aus Köln\r\n".encode("cp850")),
    ("notes.txt", "„Grüße“ – 5 €\r\n".encode("cp1252")),
    ("notes.txt", "Grüße\r\n".encode("utf-16")),
    ("notes.txt", b"Article 7 of the contract\n"),
    ("notes.txt", b"#!/usr/bin/env python3\nimport os\n"),
    ("secret.txt", b"-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----\n"),
    ("key.txt", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
    ("hosts.txt", b"Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\x]\r\n"),
    ("dump.txt", b"-- PostgreSQL database dump\nSET statement_timeout = 0;\n"),
    ("change.txt", b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"),
    ("proxy.log", LOG + PAGE),
    ("proxy.log", LOG * 100 + b"<!DOCTYPE html>" + PAGE),
    ("proxy.log", b"\xef\xbb\xbf" + LOG + SVG),
    ("syslog.log", b"<13>Nov 21 10:00:00 web: " + PAGE),
    ("color.log", b"\x1b[31mERROR\x1b[0m failed\n"),
    ("trace.log", b'Traceback (most recent call last):\n  File "x.py", line 3\nKeyError: 1\n'),
    ("autorun.ini", b"[autorun]\nopen=x\n"),
    ("driver.ini", b'[Version]\r\nSignature="$WINDOWS NT$"\r\n'),
    ("win.ini", b"[fonts]\n[extensions]\n"),
    ("apache.conf", b"<VirtualHost *:80>\nServerName x\n</VirtualHost>\n"),
    ("people.csv", "Name;Straße\nÄnne;Köln\n".encode("latin-1")),
    ("people.csv", "Name;Ort\r\nAnne;Köln\r\n".encode("utf-16")),
    ("sheet.csv", b"ID;PWXL;N;E\nP;PGeneral\n"),
    ("read.md", b"<div align=center>\n<h1>Desk</h1>\n</div>\n"),
    ("har.json", b'{"log":{"version":"1.2","creator":{"name":"Firefox"}}}'),
    ("word.json", b'"x"'),
    ("lines.ndjson", b'{"a":1}\n{"a":2}\n'),
    ("pod.yml", b"apiVersion: v1\nkind: Pod\n"),
    ("doc.yaml", b"%YAML 1.2\n---\na: 1\n"),
    ("map.xml", b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'),
    ("plain.xml", b"<a><b/></a>"),
    ("mail.eml", b"X-Mailer: x\nMIME-Version: 1.0\n\nx"),
    ("mail.eml", b"Return-Path: <a@b>\nReceived: from x\nFrom: a@b\nSubject: x\n\nx"),
    ("news.eml", b"Path: a!b\nNewsgroups: x\n\n"),
]
BINARIES = {
    "elf": b"\x7fELF\x02\x01\x01" + bytes(57),
    "exe": b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0" + bytes(200),
    "zip": b"PK\x03\x04" + bytes(60),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(30),
    "gif": b"GIF89a" + bytes(20),
    "bmp": b"BM" + bytes(50),
    "gz": b"\x1f\x8b\x08" + bytes(30),
    "pdf": b"%PDF-1.4\n1 0 obj\n",
    "ole": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
    "class": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(30),
    "pyc": b"\xa7\r\r\n" + bytes(20),
    "wasm": b"\0asm\1\0\0\0",
    "one byte": b"\x1f",
    "noise": hashlib.shake_256(b"x").digest(5000),
    "all bytes": bytes(range(256)) * 20,
    "after a mail's head": b"From: Ann\nSubject: x\n\n" + bytes(40),
    "after a head of settings": b"[Version]\nSignature=x\n" + bytes(40),
}


@pytest.mark.parametrize(("name", "content"), TEXTS)
def test_a_text_is_taken_whatever_is_written_in_it(name, content):
    assert is_what_it_says(name, kind_of(content)), kind_of(content)


@pytest.mark.parametrize("name", ["notes.txt", "web.log", "people.csv", "app.ini", "data.json", "mail.eml"])
@pytest.mark.parametrize("binary", BINARIES)
def test_a_binary_is_no_text_whatever_it_is_called(binary, name):
    assert not is_what_it_says(name, kind_of(BINARIES[binary])), kind_of(BINARIES[binary])


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n\t ", b"<!-- x -->\n", b"<!DOCTYPE html>"])
@pytest.mark.parametrize("name", ["notes.txt", "web.log", "note.xml", "read.md"])
def test_what_a_browser_would_take_for_a_page_is_no_text(name, before):
    assert not is_what_it_says(name, kind_of(before + PAGE)), kind_of(before + PAGE)


@pytest.mark.parametrize("content", [SVG, b'<?xml version="1.0"?>\n' + SVG, b"#!/bin/sh\nrm -rf /\n"])
@pytest.mark.parametrize("name", ["notes.txt", "web.log", "note.xml"])
def test_a_drawing_or_a_script_of_a_shell_is_no_text(name, content):
    assert not is_what_it_says(name, kind_of(content)), kind_of(content)


@pytest.mark.parametrize("name", ["photo.png", "letter.pdf", "letter.docx", "film.mp4"])
@pytest.mark.parametrize("content", [LOG, PAGE, b"From: Ann\n", b"x"])
def test_a_text_is_nothing_else(name, content):
    assert not is_what_it_says(name, kind_of(content))
