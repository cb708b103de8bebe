# docker build -t ecg . && docker run -v "$PWD:/work" ecg predict --sample
FROM python:3.12-slim
WORKDIR /ecg
COPY . .
RUN pip install --no-cache-dir "torch>=2.6,<2.14" --index-url https://download.pytorch.org/whl/cpu \
    && pip install --no-cache-dir -c constraints.txt .
WORKDIR /work
ENTRYPOINT ["ecg"]
CMD ["train", "experiment=quickstart"]
