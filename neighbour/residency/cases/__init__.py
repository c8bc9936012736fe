"""Proofs that people look at: documents, proofs that wait for a second look, visits to an initiative.

``pictures`` (with ``redraw``, its process) makes plain pictures of what was uploaded; ``documents`` is the case from the upload
to its end; ``deciding`` is the four eyes; ``crowds`` holds proofs back where too many live; ``visits`` is the code that a
resident shows at an initiative; ``desk`` is what verifiers and operators see.
"""
