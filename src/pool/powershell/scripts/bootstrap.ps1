$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'
$utf8 = New-Object System.Text.UTF8Encoding $false
[Console]::OutputEncoding = $utf8
$poolrollIn = New-Object System.IO.StreamReader ([Console]::OpenStandardInput(), $utf8)
$poolrollText = $utf8.GetString([Convert]::FromBase64String($poolrollIn.ReadLine()))
. ([ScriptBlock]::Create($poolrollText))
