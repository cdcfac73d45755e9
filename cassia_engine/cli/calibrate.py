"""`cassia calibrate`: how sure the answers of a model are, fitted on one's own labelled clusters."""

from __future__ import annotations

from pathlib import Path

import click

from cassia_engine.cli.options import FilePath


@click.command()
@click.argument("answers", type=FilePath, nargs=-1, required=True, metavar="ANSWERS...")
@click.argument("gold", type=FilePath)
@click.option("--output", type=FilePath, required=True, help="Calibration to write (JSON), for --calibration.")
def calibrate(answers: tuple[Path, ...], gold: Path, output: Path) -> None:
    """Fit how sure the answers of a model are on clusters of your own whose types are known.

    ANSWERS are the NAME_conversations.json of runs with that model, or result files of cassia annotate. GOLD is a
    table as for cassia evaluate: cluster, and label or cl_id; with several data sets also dataset, which is NAME. At
    least 40 answers are needed, of two data sets, or of one data set with two tissues (column tissue of GOLD). The file
    that is written is for --calibration of cassia run, annotate and collect. Nothing is sent anywhere.

    \b
    cassia calibrate a_conversations.json b_conversations.json expert.csv --output my_model.json
    cassia run markers.csv --provider openai --calibration my_model.json ...
    """
    import json

    from cassia_engine.calibrating.lines import lines
    from cassia_engine.calibrating.own_fit import fit_own
    from cassia_engine.files import atomic_write, check_writable
    from cassia_engine.records import to_json

    check_writable(output, inputs=(*answers, gold))
    found = fit_own(answers, gold)
    for line in lines(found):
        click.echo(line)
    with atomic_write(output) as out:
        out.write(json.dumps(to_json(found.calibration), indent=1) + "\n")
    click.echo(output)
