#!/usr/bin/env bash
# Installs the S3 server of the tests from PyPI: moto's, which this project did not write.
set -euo pipefail
cd "$(dirname "$0")/../.."

. dev/scripts/lib/pypi.sh
# Of what `moto[server]` installs, the part that its S3 needs.
install_from_pypi "$PWD/.local/tools/moto" "moto==5.2.5" "flask==3.1.3" "flask-cors==6.0.5" "py-partiql-parser==0.6.3"
