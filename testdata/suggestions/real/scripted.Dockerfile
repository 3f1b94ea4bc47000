# Package managers of JavaScript and Python, from npm's packages and Debian's.
FROM debian
RUN npm install --global bun@1.4.5 @yarnpkg/cli-dist@4.18.1 && rm -r /root/.npm
# Setuptools is for the packages that pipenv takes from a folder. As in the images of
# Python, packages may be installed beside those of the system.
RUN apt-get update && apt-get install -y --no-install-recommends python3-poetry pipenv python3-setuptools \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /usr/lib/python3.11/EXTERNALLY-MANAGED
