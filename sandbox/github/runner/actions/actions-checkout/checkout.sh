#!/usr/bin/env bash
# Clones over HTTP with the job's token, as the real action does.
set -euo pipefail

folder="$GITHUB_WORKSPACE/$FOLDER"
url="$GITHUB_SERVER_URL/$REPOSITORY"
header="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$TOKEN" | base64 --wrap=0)"
key="http.$GITHUB_SERVER_URL/.extraheader"
export GIT_TERMINAL_PROMPT=0

mkdir -p "$folder"
cd "$folder"
git init --quiet --initial-branch=main .
git remote add origin "$url"

# What stands behind a ref on the server: a branch's name becomes the branch, a commit stays one.
if [ "$REPOSITORY" = "$GITHUB_REPOSITORY" ] && [ -z "$REF" ]; then
    wanted="$GITHUB_SHA" branch="" remote=""
    case "$GITHUB_REF" in
        refs/heads/*) branch="${GITHUB_REF#refs/heads/}" remote="refs/remotes/origin/$branch" ;;
        refs/pull/*) remote="refs/remotes/pull/${GITHUB_REF#refs/pull/}" ;;
    esac
else
    wanted="${REF:-HEAD}" branch="" remote=""
    case "$wanted" in
        refs/heads/*) branch="${wanted#refs/heads/}" ;;
        refs/*|HEAD) ;;
        *) if ! [[ "$wanted" =~ ^[0-9a-f]{40}$ ]] && git -c "$key=$header" ls-remote --exit-code --heads origin "$wanted" > /dev/null; then branch="$wanted"; fi ;;
    esac
    if [ -n "$branch" ]; then wanted="refs/heads/$branch" remote="refs/remotes/origin/$branch"; fi
fi

if [ "$DEPTH" = 0 ]; then
    git -c "$key=$header" fetch --quiet --tags origin '+refs/heads/*:refs/remotes/origin/*'
    # A branch may have moved on since the push that started the run: the run's commit is what stands there then.
    if [ -n "$remote" ]; then git -c "$key=$header" fetch --quiet --no-tags origin "+$wanted:$remote"; fi
    commit="$(git rev-parse "${remote:-$wanted}^{commit}")"
else
    git -c "$key=$header" fetch --quiet --no-tags --depth="$DEPTH" origin "+$wanted${remote:+:$remote}"
    commit="$(git rev-parse 'FETCH_HEAD^{commit}')"
fi
if [ -n "$branch" ]; then
    git checkout --quiet -B "$branch" "$commit"
    git branch --quiet --set-upstream-to="origin/$branch"
else
    git checkout --quiet --detach "$commit"
fi
if [ "$PERSIST" = true ]; then git config --local "$key" "$header"; fi
git --no-pager log -1 --format='HEAD is now at %h %s'
