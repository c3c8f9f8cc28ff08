# Skype for Business Server 2015, 2019 and Subscription Edition.
. ([System.IO.Path]::Combine($PSScriptRoot, '..', 'pool.ps1'))
. ([System.IO.Path]::Combine($PSScriptRoot, '..', 'fabric.ps1'))
