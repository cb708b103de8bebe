#!/usr/bin/env bash
# Steps, epochs and a sweep on a graphics card: writes gpu.csv and the table of README.md beside it; without a card it says
# so and changes nothing. About ten minutes. PYTHON names another interpreter than `python`.
set -euo pipefail
exec "${PYTHON:-python}" "$(dirname "$0")/gpu.py" "$@"
