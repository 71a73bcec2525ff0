"""Processes beside an API that answer questions with engines which the API must not import.

They are kept warm, bounded in time, memory and files, and ended when they do not answer.
"""
