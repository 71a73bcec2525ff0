"""What tests of several distributions share: real servers, a real browser, fault tools.

Loaded as a pytest plugin (`-p shared_lib.testing.plugin`). Everything starts when a test first
asks for it, on a free port of 127.0.0.1 and in a temporary folder, and ends with the run.
"""
